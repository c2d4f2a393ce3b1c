package import Foundation
package import Jobs
import Logging
package import Postgres

/// Works on stored POSTs, those of the same moment together.
///
/// At least once: the owners' changes and the mark that a POST is done commit together, so that a repeat of the job finds it done.
struct WebhookKind: JobKind {
    private let logger: Logger
    /// Alone, statuses of one message waited for each other's row: 904 events a second were worked on, and 440 of a replay with 66 deadlocks;
    /// together 2,700, and 6,200 with none (8 s of `relevo bench webhooks`, two cores with the database and the sender).
    private let posts: Gathering<Int64, Int>

    init(client: PostgresClient, owners: WebhookOwners, words: StopWords, logger: Logger) {
        let work = PostWork(owners: owners, words: words)
        self.logger = logger
        // More at a time only wait for each other, where statuses of the same messages are in both.
        posts = Gathering(parallel: 2, largest: 256) { posts in
            let problems = try await client.withTransaction { db in try await work.run(posts, on: db) }
            return posts.map { problems[$0] }
        }
    }

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
        return (await work(on: post), nil)
    }

    func work(on post: Int64) async -> AttemptResult {
        switch await posts.add(post) {
        case .success(let problems):
            if problems > 0 {
                logger.warning("webhook updates that no owner took", metadata: ["post": "\(post)", "problems": "\(problems)"])
            }
            return .done(providerID: nil)
        case .failure(let error):
            // The text of a PostgresError holds no parameters, so no content of the POST.
            return .retry(after: nil, reason: "\(error)", costsAttempt: true, lanePenalty: nil)
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
}
