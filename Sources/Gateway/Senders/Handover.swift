import Foundation
import Jobs
import Postgres

/// Hands messages that wait under one phone number id to another.
struct Handover {
    let settings: GatewaySettings
    private static let batch = 500

    /// Takes messages, which the caller has locked and which no job carries, to the ids their senders have moved to.
    /// - Returns: the ids that took them over, by message.
    func follow(_ messages: [(id: UUID, sender: String, priority: Int16)], on db: PostgresConnection) async throws -> [UUID: String] {
        guard !messages.isEmpty else { return [:] }
        let targets = try await SenderRow.resolve(messages.map(\.sender), on: db)
        let going = messages.compactMap { message in
            targets[message.sender].flatMap { $0.sender.state == .retired ? nil : (message: message, target: $0) }
        }
        guard !going.isEmpty else { return [:] }
        let jobs = try await JobQueue.enqueue(
            going.map { SendJob.new($0.message.id, lane: $0.target.laneID, priority: $0.message.priority, settings: settings) }, on: db)
        let ids = going.map(\.target.sender.phoneNumberID)
        try await db.query(
            """
            UPDATE gateway.message m SET sender = n.sender, job_id = n.job, updated_at = jobs.now()
            FROM unnest(\(going.map(\.message.id)), \(ids), \(jobs)) AS n (id, sender, job) WHERE m.id = n.id
            """)
        try await EventLog.write(
            going.map {
                .init(
                    message: $0.message.id, kind: "moved",
                    detail: "from \($0.message.sender) to \($0.target.sender.phoneNumberID)")
            }, on: db)
        return Dictionary(zip(going.map(\.message.id), ids), uniquingKeysWith: { first, _ in first })
    }

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
