public import Foundation
import Jobs
import Postgres

/// Locks messages in the order of their ids and writes them back in one statement.
enum MessageStore {
    static func lock(_ ids: [UUID], on db: some PostgresExecutor) async throws -> [UUID: MessageRow] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await db.query("SELECT * FROM gateway.message WHERE id = ANY (\(Array(Set(ids)))) ORDER BY id FOR UPDATE")
        return Dictionary(try rows.map(read).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes changed messages, tells the runs that wait for their end, and wakes callers who wait in this process.
    static func save(_ rows: [MessageRow], core: GatewayCore, on db: some PostgresExecutor) async throws {
        guard !rows.isEmpty else { return }
        let rows = rows.sorted { $0.id.uuidString < $1.id.uuidString }
        try await db.query(
            """
            UPDATE gateway.message m SET state = n.state, reason_code = n.reason_code, reason = n.reason, job_id = n.job_id,
                hash_attached = n.hash_attached, wamid = n.wamid, old_wamids = string_to_array(n.old_wamids, ' '), wa_id = n.wa_id,
                graph_answer = n.answer, graph_error = n.error, http_status = n.http_status, error_code = n.error_code,
                without_hash = n.without_hash, needs_person = n.needs_person, unknown_at = n.unknown_at, accepted_at = n.accepted_at,
                delivered_at = n.delivered_at, read_at = n.read_at, failed_at = n.failed_at, updated_at = (SELECT jobs.now())
            FROM unnest(\(rows.map(\.id)), \(rows.map(\.state.rawValue)), \(rows.map(\.reasonCode)),
                \(rows.map { $0.reason?.storable(1000) }),
                \(rows.map(\.jobID)), \(rows.map(\.hashAttached)), \(rows.map(\.wamid)),
                \(rows.map { $0.oldWamids.joined(separator: " ") }),
                \(rows.map(\.waID)), \(rows.map(\.answer)), \(rows.map(\.error)), \(rows.map(\.httpStatus)), \(rows.map(\.errorCode)),
                \(rows.map(\.withoutHash)), \(rows.map(\.needsPerson)), \(rows.map(\.unknownAt)), \(rows.map(\.acceptedAt)),
                \(rows.map(\.deliveredAt)), \(rows.map(\.readAt)), \(rows.map(\.failedAt)))
                AS n (id, state, reason_code, reason, job_id, hash_attached, wamid, old_wamids, wa_id, answer, error, http_status,
                    error_code, without_hash, needs_person, unknown_at, accepted_at, delivered_at, read_at, failed_at)
            WHERE m.id = n.id
            """)
        let named = rows.filter { $0.wamid != nil && $0.wamid != $0.storedWamid }
        if !named.isEmpty {
            try await db.query(
                """
                INSERT INTO gateway.wamid (hash, message_id)
                SELECT gateway.wamid_hash(n.wamid), n.id FROM unnest(\(named.map(\.id)), \(named.map(\.wamid))) AS n (id, wamid)
                ON CONFLICT DO NOTHING
                """)
        }
        // Runs are locked in one order, whatever the order of their messages.
        for row in rows.sorted(by: { ($0.notifyRun ?? "") < ($1.notifyRun ?? "") }) where row.state.isFinal {
            try await announce(row.id, run: row.notifyRun, state: row.state, code: row.reasonCode, reason: row.reason, on: db)
        }
        core.waiters.signal(rows.map(\.id))
    }

    /// Tells a run what became of its message. Only the first word counts.
    static func announce(
        _ id: UUID, run: String?, state: MessageState, code: String?, reason: String?, on db: some PostgresExecutor
    ) async throws {
        guard let run else { return }
        let outcome = MessageOutcome(id: id, state: state, code: code, reason: reason)
        try await Workflows.emit(run: run, event: MessageOutcome.event(id), payload: try JSONEncoder().encode(outcome), on: db)
    }

    private static func read(_ row: PostgresRow) throws -> MessageRow {
        MessageRow(
            id: try row.decode(column: "id"), sender: try row.decode(column: "sender"), address: try row.decode(column: "address"),
            e164: try row.decode(column: "e164"), template: try row.decode(column: "template_name"),
            templateLanguage: try row.decode(column: "template_language"), notifyRun: try row.decode(column: "notify_run"),
            state: MessageState(rawValue: try row.decode(column: "state")) ?? .unknown, reasonCode: try row.decode(column: "reason_code"),
            reason: try row.decode(column: "reason"), jobID: try row.decode(column: "job_id"), attempts: try row.decode(column: "attempts"),
            hashAttached: try row.decode(column: "hash_attached"), wamid: try row.decode(column: "wamid"),
            storedWamid: try row.decode(column: "wamid"),
            oldWamids: try row.decode(column: "old_wamids"), waID: try row.decode(column: "wa_id"),
            answer: try row.decode(column: "graph_answer"), error: try row.decode(column: "graph_error"),
            httpStatus: try row.decode(column: "http_status"), errorCode: try row.decode(column: "error_code"),
            withoutHash: try row.decode(column: "without_hash"), needsPerson: try row.decode(column: "needs_person"),
            unknownAt: try row.decode(column: "unknown_at"), acceptedAt: try row.decode(column: "accepted_at"),
            deliveredAt: try row.decode(column: "delivered_at"), readAt: try row.decode(column: "read_at"),
            failedAt: try row.decode(column: "failed_at"))
    }
}

/// What a run is told, as the event `message:<lower-case uuid>`.
public struct MessageOutcome: Sendable, Codable, Equatable {
    public var id: UUID
    public var state: MessageState
    /// A word, or Meta's error code.
    public var code: String?
    public var reason: String?

    public static func event(_ id: UUID) -> String { "message:\(id.uuidString.lowercased())" }
}
