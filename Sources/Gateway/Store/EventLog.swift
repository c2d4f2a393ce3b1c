import Foundation
import Postgres

/// The history of messages.
enum EventLog {
    struct Entry {
        var message: UUID
        var kind: String
        var wamid: String?
        var occurredAt: Date?
        var code: Int?
        var detail: String?
        var data: Data?
    }

    /// What makes two statuses the same: Meta sends them again for days.
    struct Status: Hashable {
        var message: UUID
        var kind: String
        var wamid: String?
        var occurredAt: Date?

        init(_ entry: Entry) {
            (message, kind, wamid, occurredAt) = (entry.message, entry.kind, entry.wamid?.storable(256), entry.occurredAt)
        }
    }

    /// Stores entries; a status that is stored already is left out.
    /// - Returns: what was stored.
    @discardableResult
    static func write(_ entries: [Entry], on db: some PostgresExecutor) async throws -> Set<Status> {
        guard !entries.isEmpty else { return [] }
        let stored = try await db.query(
            """
            INSERT INTO gateway.event (message_id, kind, wamid, occurred_at, code, detail, data, recorded_at)
            SELECT n.*, (SELECT jobs.now()) FROM unnest(\(entries.map(\.message)), \(entries.map(\.kind)), \(entries.map { $0.wamid?.storable(256) }),
                \(entries.map(\.occurredAt)),
                \(entries.map(\.code)), \(entries.map { $0.detail?.storable(1000) }), \(entries.map(\.data))) AS n
            ON CONFLICT DO NOTHING RETURNING message_id, kind, wamid, occurred_at
            """
        ).decode((UUID, String, String?, Date?).self)
        return Set(stored.map { Status(Entry(message: $0, kind: $1, wamid: $2, occurredAt: $3)) })
    }

    static func read(_ message: UUID, on db: some PostgresExecutor) async throws -> [MessageEvent] {
        try await db.query(
            """
            SELECT kind, recorded_at, occurred_at, wamid, code, detail, data FROM gateway.event WHERE message_id = \(message)
            ORDER BY id LIMIT 1000
            """
        ).decode((String, Date, Date?, String?, Int?, String?, Data?).self).map {
            MessageEvent(kind: $0, at: $1, occurredAt: $2, wamid: $3, code: $4, detail: $5, data: $6)
        }
    }
}
