import CloudAPI
import Foundation
import Jobs
import Postgres
import Recipients
import Templates

extension Intake {
    /// Stores the candidates with their jobs. Those whose recipient is not trusted get no job: they wait for a person.
    func store(
        _ candidates: inout [Int: Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>], now: Date, on db: PostgresConnection
    ) async throws {
        let places = candidates.keys.sorted()
        let all = places.compactMap { place in candidates[place].flatMap { row in row.reading.map { (place: place, row: row, to: $0) } } }
        guard !all.isEmpty else { return }
        let isHeld = all.map { $0.row.recipient?.trust == .changed }
        let going = all.indices.filter { !isHeld[$0] }
        let jobs = going.map {
            SendJob.new(all[$0].row.id, lane: all[$0].row.sender.laneID, priority: priority(all[$0].row), settings: core.settings)
        }
        // Where the job of each is among those.
        var jobPlaces = [Int?](repeating: nil, count: all.count)
        for (job, place) in going.enumerated() { jobPlaces[place] = job + 1 }
        // Nobody waits for it but the caller, who waits for the commit.
        try await db.piggyback(
            """
            WITH e AS MATERIALIZED (SELECT \(enqueue: jobs) AS ids),
            j AS MATERIALIZED (
                SELECT ARRAY(SELECT e.ids[p.place] FROM unnest(\(jobPlaces)) WITH ORDINALITY AS p (place, n) ORDER BY p.n) AS ids FROM e)
            INSERT INTO gateway.message (id, sender, edge, lane, priority, recipient_raw, e164, user_id, address, rule, number_valid,
                metadata, kind, template_name, template_language, body, state, reason_code, reason, job_id, own_hash, wa_id, tag,
                client_data, notify_run, api_key_id, answered_early, expires_at, created_at, updated_at)
            SELECT n.*, \(now), \(now) FROM j, LATERAL unnest(\(all.map(\.row.id)), \(all.map(\.row.sender.sender.phoneNumberID)),
                \(all.map(\.row.submission.edge.rawValue)), \(all.map(\.row.submission.lane.rawValue)), \(all.map { priority($0.row) }),
                \(all.map(\.to.raw)), \(all.map(\.to.e164)), \(all.map(\.to.userID)), \(all.map(\.to.address)), \(all.map(\.to.rule)),
                \(all.map(\.to.isValid)), \(all.map(\.to.metadata)), \(all.map(\.row.body.kind)),
                \(all.map { $0.row.body.template?.name }), \(all.map { $0.row.body.template?.language }),
                \(all.map { JSONValue.object($0.row.body.rest).encoded() }), \(isHeld.map { $0 ? "held" : "queued" }),
                \(isHeld.map { $0 ? HoldReason.recipientChanged : nil }), \(all.map { heldReason($0.row) }), j.ids,
                \(all.map(\.row.body.ownHash)), \(all.map { $0.row.recipient?.waID }), \(all.map(\.row.submission.tag)),
                \(all.map { $0.row.submission.clientData ?? $0.row.body.callbackData }), \(all.map(\.row.submission.notifyRun)),
                \(all.map(\.row.submission.apiKeyID)), \(all.map(\.row.submission.isAnsweredEarly)),
                \(all.map(\.row.submission.expiresAt))) AS n
            """)
        JobQueue.wake(after: db)
        for (index, item) in all.enumerated() {
            results[item.place] = .success(
                Receipt(
                    id: item.row.id, input: item.to.raw, e164: item.to.e164, userID: item.to.userID,
                    waID: item.row.recipient?.waID ?? item.to.e164.map { String($0.dropFirst()) },
                    state: isHeld[index] ? .held : .queued, reason: heldReason(item.row), isDuplicate: false))
        }
    }

    private func priority(_ candidate: Candidate) -> Int16 { candidate.submission.priority ?? candidate.submission.lane.priority }

    private func heldReason(_ candidate: Candidate) -> String? {
        guard let state = candidate.recipient, state.trust == .changed else { return nil }
        return HoldReason.text(state)
    }
}

/// Why messages are held.
enum HoldReason {
    static let recipientChanged = "recipient_changed"
    static let templateHeld = "template_held"
    static let portfolioLimit = "portfolio_limit"
    static let templateQuota = "template_quota"

    static func code(quota key: String) -> String { key.hasPrefix(Quotas.portfolioPrefix) ? portfolioLimit : templateQuota }

    static func text(quota key: String, perDay: Int) -> String {
        key.hasPrefix(Quotas.portfolioPrefix)
            ? "The portfolio has reached the \(perDay) recipients that it may in 24 hours outside service windows."
            : "The template has been used for the \(perDay) messages that are set for 24 hours."
    }

    static func text(_ state: RecipientState) -> String {
        let cause =
            switch state.cause {
            case .mismatch?: "Meta refused the hash that was attached"
            case .observed?: "Meta gave another identity hash than before"
            case .anotherUser?: "the number belongs to another user than before"
            case .numberChanged?: "Meta said that the person has left this number"
            default: "their identity changed"
            }
        return "The recipient has to be verified by a person first: \(cause)."
    }
}
