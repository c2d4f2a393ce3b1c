import Foundation
import Jobs
import Postgres

/// Hands messages that wait under one phone number id to another.
struct Handover {
    let settings: GatewaySettings
    private static let batch = 500

    /// Messages whose request has begun stay: their statuses come under the old id.
    func move(from old: String, to new: String, on db: PostgresConnection) async throws {
        guard let target = try await SenderRow.resolve([new], on: db)[new] else { return }
        var last: Int64 = 0
        while true {
            let rows = try await db.query(
                """
                SELECT id, seq, state, job_id, priority FROM gateway.message
                WHERE sender = \(old) AND seq > \(last) AND state IN ('queued', 'held') ORDER BY seq LIMIT \(Self.batch) FOR UPDATE
                """
            ).decode((UUID, Int64, String, Int64?, Int16).self)
            guard let end = rows.last?.1 else { return }
            last = end
            let cancelled = Set(try await JobQueue.cancel(rows.compactMap(\.3), reason: "the number moved to \(new)", on: db))
            let moving = rows.filter { row in row.2 == "held" || row.3.map { cancelled.contains($0) } ?? true }
            let queued = moving.filter { $0.2 == "queued" }
            let jobs = try await JobQueue.enqueue(
                queued.map { SendJob.new($0.0, lane: target.laneID, priority: $0.4, settings: settings) }, on: db)
            try await db.query(
                "UPDATE gateway.message SET sender = \(new), job_id = NULL, updated_at = jobs.now() WHERE id = ANY (\(moving.map(\.0)))")
            try await db.query(
                """
                UPDATE gateway.message m SET job_id = n.job FROM unnest(\(queued.map(\.0)), \(jobs)) AS n (id, job) WHERE m.id = n.id
                """)
            try await EventLog.write(moving.map { .init(message: $0.0, kind: "moved", detail: "from \(old) to \(new)") }, on: db)
        }
    }
}
