package import Foundation
package import Jobs
import Logging
package import Postgres

/// Works on one stored POST.
///
/// At least once: the owners' changes and the mark that the POST is done commit together, so that a repeat of the job finds it done.
struct WebhookKind: JobKind {
    let client: PostgresClient
    let owners: WebhookOwners
    let logger: Logger

    var name: String { "webhook" }
    var delivery: Delivery { .atLeastOnce }
    var leaseSeconds: Double { 120 }

    static let laneKey = "webhooks"

    static func lane(_ parallel: Int, on db: some PostgresExecutor) async throws -> Int64 {
        try await Lanes.ensure(laneKey, limits: LaneLimits(perSecond: nil, burst: parallel, maxRunning: parallel), on: db)
    }

    /// - Parameter isReplay: it comes after everything that is new.
    static func job(post: Int64, lane: Int64, isReplay: Bool = false) -> NewJob {
        // First of all: what people and messages wait for is in them. A database that is away for an hour must not end a job.
        NewJob(lane: lane, kind: "webhook", payload: Data(String(post).utf8), priority: isReplay ? 7 : 1, maxAttempts: 30)
    }

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        guard let post = Int64(String(decoding: attempt.payload, as: UTF8.self)) else {
            return (.dead(reason: "the job names no post"), nil)
        }
        do {
            let problems = try await client.withTransaction { db in try await work(post, on: db) }
            if problems > 0 {
                logger.warning("webhook updates that no owner took", metadata: ["post": "\(post)", "problems": "\(problems)"])
            }
            return (.done(providerID: nil), nil)
        } catch {
            // The text of a PostgresError holds no parameters, so no content of the POST.
            return (.retry(after: nil, reason: "\(error)", costsAttempt: true, lanePenalty: nil), nil)
        }
    }

    /// A POST that was given up is kept and listed for a person.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        for settlement in settlements {
            guard case .dead(let reason) = settlement.result,
                let post = Int64(String(decoding: settlement.attempt.payload, as: UTF8.self))
            else { continue }
            try await db.query(
                """
                UPDATE webhooks.post SET state = 'problem', problem = 'gave_up', detail = \(String(reason.replacing("\u{0}", with: "").prefix(1_000))),
                    processed_at = clock_timestamp() WHERE id = \(post) AND state = 'pending'
                """)
        }
    }

    /// Routes one POST; returns how many of its updates no owner took.
    private func work(_ post: Int64, on db: PostgresConnection) async throws -> Int {
        let row = try await db.query("SELECT body, state, business_at, relayed FROM webhooks.post WHERE id = \(post) FOR UPDATE")
            .decodeFirst((Data, String, Date, Bool).self)
        // Gone with the retention, or done by an attempt whose completion was lost.
        guard let (body, state, receivedAt, isRelayed) = row, state == "pending" else { return 0 }
        let updates: WebhookUpdates
        do {
            updates = try WebhookUpdates(body: body, receivedAt: receivedAt)
        } catch {
            try await finish(post, state: "problem", problem: "not_a_webhook", detail: "\(error)", updates: 0, on: db)
            return 1
        }
        var problems = updates.unreadable
        problems += try await WebhookRouter(owners: owners).route(updates, receivedAt: receivedAt, on: db)
        try await Notices.store(updates.notices, post: post, on: db)
        try await Problems.store(problems, post: post, on: db)
        // Clients' systems read for themselves what ours may not understand.
        if !isRelayed { try await RelayOutbox(owners: owners).put(body, on: db) }
        try await finish(
            post, state: problems.isEmpty ? "done" : "problem", problem: problems.isEmpty ? nil : "updates",
            detail: problems.isEmpty ? nil : "\(problems.count) of \(updates.count) updates were not taken", updates: updates.count, on: db)
        return problems.count
    }

    private func finish(
        _ post: Int64, state: String, problem: String?, detail: String?, updates: Int, on db: PostgresConnection
    ) async throws {
        try await db.query(
            """
            UPDATE webhooks.post SET state = \(state), problem = \(problem), detail = \(detail), updates = \(Int32(updates)), relayed = true,
                processed_at = clock_timestamp() WHERE id = \(post)
            """)
    }
}
