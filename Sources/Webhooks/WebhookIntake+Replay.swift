public import Foundation
import Jobs
import Postgres

extension WebhookIntake {
    private static let replayBatch = 500

    /// Works on everything again that came in a span of time, after what is new. What was applied already changes nothing: statuses are monotone and
    /// have their consequences once, older template events and identity hashes lose against newer ones. So a span whose updates were lost on
    /// the way, by a fault of ours, can be made good as long as its bodies are kept (30 days).
    ///
    /// Real time of receipt, half-open. May be called again, also after it was cut off in the middle.
    /// - Returns: how many POSTs were queued; those that wait to be worked on anyway are not counted.
    public func replay(from: Date, to: Date, by: String) async throws -> Int {
        let lane = try await WebhookKind.lane(settings.parallel, on: client)
        var (queued, last) = (0, Int64.min)
        while true {
            let ids = try await client.withTransaction { db in
                let ids = try await db.query(
                    """
                    UPDATE webhooks.post SET state = 'pending', problem = NULL, detail = NULL WHERE id IN (
                        SELECT id FROM webhooks.post
                        WHERE received_at >= \(from) AND received_at < \(to) AND state <> 'pending' AND id > \(last)
                        ORDER BY id LIMIT \(Self.replayBatch) FOR UPDATE)
                    RETURNING id
                    """
                ).decode(Int64.self)
                guard !ids.isEmpty else { return ids }
                try await resolve(ids, by: by, on: db)
                _ = try await JobQueue.enqueue(ids.map { WebhookKind.job(post: $0, lane: lane, isReplay: true) }, on: db)
                return ids
            }
            guard let end = ids.max() else { return queued }
            (queued, last) = (queued + ids.count, end)
        }
    }
}
