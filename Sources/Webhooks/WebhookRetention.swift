public import Logging
public import Postgres
public import ServiceLifecycle

/// Deletes raw bodies and notices that are old enough. Several processes may do it at once.
public struct WebhookRetention: Service {
    let client: PostgresClient
    let settings: WebhookSettings
    let logger: Logger

    public func run() async throws {
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
            do {
                let deleted = try await sweep()
                if deleted > 0 { logger.info("old webhooks deleted", metadata: ["rows": "\(deleted)"]) }
            } catch let error as PostgresError {
                // Nothing is lost by a sweep that comes later.
                logger.warning("old webhooks could not be deleted", metadata: ["error": "\(error)"])
            }
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: settings.sweepEvery) }
            } catch is CancellationError {
                return
            }
        }
    }

    /// Deletes everything that is old by now, in batches; what waits to be routed, or for a person, stays. Returns how many rows.
    @discardableResult
    public func sweep() async throws -> Int {
        var deleted = 0
        while true {
            let posts = try await client.query(
                """
                WITH gone AS (
                    DELETE FROM webhooks.post WHERE id IN (
                        SELECT id FROM webhooks.post
                        WHERE received_at < clock_timestamp() - make_interval(days => \(Int32(settings.retentionDays))) AND state = 'done'
                        ORDER BY received_at LIMIT \(settings.sweepBatch) FOR UPDATE SKIP LOCKED) RETURNING id),
                repeats AS (DELETE FROM webhooks.repeat r USING gone WHERE r.post_id = gone.id)
                SELECT id FROM gone
                """
            ).affectedRows
            let notices = try await client.query(
                """
                DELETE FROM webhooks.notice WHERE id IN (
                    SELECT id FROM webhooks.notice
                    WHERE received_at < clock_timestamp() - make_interval(days => \(Int32(settings.retentionDays)))
                    ORDER BY received_at LIMIT \(settings.sweepBatch) FOR UPDATE SKIP LOCKED)
                """
            ).affectedRows
            deleted += posts + notices
            if posts < settings.sweepBatch && notices < settings.sweepBatch { return deleted }
        }
    }
}
