import Foundation
import Jobs
import Postgres
import Recipients
import Templates

/// Sends on what was held, with new jobs.
struct Releases {
    let core: GatewayCore
    private static let batch = 500
    /// What failed with 137000 longer ago than Meta itself would keep a message to deliver it (30 days) is of no use to anybody any more.
    static let oldest: Double = 30 * 86_400

    /// Messages of these senders whose recipients are trusted (again): held ones, and ones that failed with 137000, which
    /// go without a hash.
    /// - Parameters:
    ///   - senders: nil for all.
    ///   - verified: who has just been verified. Nobody else gets what has failed, since it goes without a hash and they may have changed
    ///     again; nil for all.
    func trusted(
        senders: [String]?, verified: [IdentityLedger.Verified]? = nil, on db: PostgresConnection
    ) async throws -> [UUID] {
        try await TrustGate.release(on: db)
        var released: [UUID] = []
        var last: Int64 = 0
        let senders = try await withFormer(senders, on: db)
        let oldest = try await JobQueue.now(on: db).addingTimeInterval(-Self.oldest)
        while true {
            let found = try await db.query(
                """
                SELECT id, seq FROM gateway.message
                WHERE waits_for = 'recipient' AND (state = 'held' OR updated_at > \(oldest)) AND (\(senders == nil) OR sender = ANY (\(senders ?? []))) AND seq > \(last)
                ORDER BY seq LIMIT \(Self.batch)
                """
            ).decode((UUID, Int64).self)
            guard let end = found.last?.1 else { return released }
            last = end
            let rows = try await MessageStore.lock(found.map(\.0), on: db)
            // Trust is asked for where the message would go: a cut-over carries distrust along.
            let targets = try await SenderRow.resolve(rows.values.map(\.sender), on: db).mapValues(\.sender.phoneNumberID)
            let states = try await RecipientDirectory.lookup(
                rows.values.map { RecipientKey(phoneNumberID: targets[$0.sender] ?? $0.sender, address: $0.address) }, on: db)
            let going = rows.values.filter { row in
                let target = targets[row.sender] ?? row.sender
                let state = states[RecipientKey(phoneNumberID: target, address: row.address)]
                guard (state?.trust ?? .trusted) == .trusted else { return false }
                if row.state == .held { return row.reasonCode == HoldReason.recipientChanged }
                guard row.state == .failed, row.reasonCode == "137000" else { return false }
                guard let verified else { return true }
                return verified.contains { $0.phoneNumberID == target && $0.waID == state?.waID && $0.userID == state?.userID }
            }
            released += try await again(going, kind: "released", detail: "the recipient was verified", on: db)
        }
    }

    /// Senders with the ids that their numbers had before; messages may have been left there.
    private func withFormer(_ senders: [String]?, on db: PostgresConnection) async throws -> [String]? {
        guard let senders else { return nil }
        let former = try await SenderStore(client: core.client, settings: core.settings).former(of: Set(senders), on: db)
        return Set(senders).union(former.values.joined()).sorted()
    }

    /// - Parameter saidAt: business time at which Meta has said that the template may be used; a hold that was put later stays. Nil lifts any.
    func template(waba: String, name: String, language: String, saidAt: Date? = nil, on db: PostgresConnection) async throws {
        let key = TemplateKey(name: name, language: language)
        // Meta's times are whole seconds.
        try await db.query(
            """
            DELETE FROM gateway.template_hold WHERE waba_id = \(waba) AND name = \(key.name) AND language = \(key.language)
                AND (\(saidAt)::timestamptz IS NULL OR date_trunc('second', held_at) <= \(saidAt))
            """)
        if try await !TemplateHolds.reasons(db.query(TemplateHolds.active([TemplateHolds.key(waba, name, language)]))).isEmpty { return }
        while true {
            let ids = try await db.query(
                """
                SELECT m.id FROM gateway.message m JOIN gateway.sender s ON s.phone_number_id = m.sender
                WHERE m.waits_for = 'template' AND s.waba_id = \(waba)
                    AND m.template_name = \(key.name) AND m.template_language = \(key.language)
                ORDER BY m.id LIMIT \(Self.batch)
                """
            ).decode(UUID.self)
            let rows = try await MessageStore.lock(ids, on: db).values.filter { $0.state == .held }
            // Those without a sender stay; asking for them again would never end.
            if try await again(Array(rows), kind: "released", detail: "the template may be used again", on: db).isEmpty { return }
        }
    }

    /// Queues messages with new jobs.
    func again(_ rows: [MessageRow], kind: String, detail: String, on db: PostgresConnection) async throws -> [UUID] {
        guard !rows.isEmpty else { return [] }
        let senders = try await SenderRow.resolve(rows.map(\.sender), on: db)
        let going = rows.filter { senders[$0.sender].map { $0.sender.state != .retired } ?? false }.sorted {
            $0.id.uuidString < $1.id.uuidString
        }
        let priorities = Dictionary(
            try await db.query("SELECT id, priority FROM gateway.message WHERE id = ANY (\(going.map(\.id)))").decode((UUID, Int16).self),
            uniquingKeysWith: { first, _ in first })
        let jobs = try await JobQueue.enqueue(
            going.map {
                SendJob.new($0.id, lane: senders[$0.sender]?.laneID ?? 0, priority: priorities[$0.id] ?? 4, settings: core.settings)
            },
            on: db)
        var changed: [MessageRow] = []
        // The row forgets what Meta answered to the transmission that failed; the history keeps it.
        let answers = Dictionary(going.map { ($0.id, $0.answer) }, uniquingKeysWith: { first, _ in first })
        for (row, job) in zip(going, jobs) {
            var row = row
            if row.state == .failed {
                row.prepareAgain()
            } else {
                (row.state, row.reasonCode, row.reason) = (.queued, nil, nil)
            }
            row.jobID = job
            changed.append(row)
        }
        try await MessageStore.save(changed, core: core, on: db)
        let moved = changed.filter { senders[$0.sender]?.sender.phoneNumberID != $0.sender }
        if !moved.isEmpty {
            try await db.query(
                """
                UPDATE gateway.message m SET sender = n.sender
                FROM unnest(\(moved.map(\.id)), \(moved.map { senders[$0.sender]?.sender.phoneNumberID ?? $0.sender })) AS n (id, sender)
                WHERE m.id = n.id
                """)
        }
        try await EventLog.write(changed.map { .init(message: $0.id, kind: kind, detail: detail, data: answers[$0.id] ?? nil) }, on: db)
        return changed.map(\.id)
    }
}
