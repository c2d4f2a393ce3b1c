import Jobs
import Postgres

@testable import Webhooks

/// Enqueues and looks, as a test needs it.
enum JobQueueProbe {
    /// The job of a POST once more.
    static func again(post: Int64, lane: Int64, on db: PostgresClient) async throws -> [Int64?] {
        try await JobQueue.enqueue([WebhookKind.job(post: post, lane: lane)], on: db)
    }

    static func isIdle(_ db: PostgresClient) async throws -> Bool {
        guard let state = try await Lanes.state(WebhookKind.laneKey, on: db) else { return false }
        return state.ready + state.later + state.running == 0
    }
}
