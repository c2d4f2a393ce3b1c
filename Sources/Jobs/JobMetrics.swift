public import Postgres

/// Numbers for `/metrics`; counters only grow.
public struct JobMetrics: Sendable, Equatable {
    public let ready: Int
    public let later: Int
    public let running: Int
    /// Since when the oldest job that is due and not taken exists, in seconds.
    public let oldestDueSeconds: Double
    /// How late the latest due lane is looked at, in seconds.
    public let laneLagSeconds: Double
    /// Outcomes that may have happened and that no late result has settled.
    public let unknown: Int
    public let dead: Int
    /// Results that their owner could not take over.
    public let unsettled: Int
    public let workers: Int
    public let runsWaiting: Int
    public let runsFailed: Int
    /// Completions that came after their lease had been taken away.
    public let fenced: Int
    public let rescued: Int
    /// Lanes found asleep with work; must stay 0.
    public let stranded: Int

    public static func read(on db: some PostgresExecutor) async throws -> JobMetrics {
        let row = try await db.query(
            """
            SELECT (SELECT count(*) FROM jobs.ready), (SELECT count(*) FROM jobs.later), (SELECT count(*) FROM jobs.attempt),
                   greatest(0, coalesce(extract(epoch FROM clock_timestamp() - (SELECT jobs.id_time(min(job_id))
                       FROM jobs.ready)), 0))::float8,
                   greatest(0, coalesce(jobs.now_us() - (SELECT min(next_us) FROM jobs.lane WHERE next_us > 0
                       AND NOT paused), 0))::float8 / 1e6,
                   (SELECT count(*) FROM jobs.outcome u WHERE u.result = 'U' AND NOT u.late
                       AND NOT EXISTS (SELECT FROM jobs.outcome o WHERE o.attempt_id = u.attempt_id AND o.late AND o.result <> 'U')),
                   (SELECT count(*) FROM jobs.dead), (SELECT count(*) FROM jobs.outcome WHERE unsettled IS NOT NULL),
                   (SELECT count(*) FROM jobs.worker WHERE beat_at > clock_timestamp() - interval '10 seconds'),
                   (SELECT count(*) FROM jobs.run WHERE state = 'waiting'), (SELECT count(*) FROM jobs.run WHERE state = 'failed'),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'fenced'), 0),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'rescued'), 0),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'stranded'), 0)
            """
        ).decodeFirst((Int, Int, Int, Double, Double, Int, Int, Int, Int, Int, Int, Int, Int, Int).self)
        guard let row else { throw JobsError(message: "no metrics") }
        return JobMetrics(
            ready: row.0, later: row.1, running: row.2, oldestDueSeconds: row.3, laneLagSeconds: row.4, unknown: row.5, dead: row.6,
            unsettled: row.7, workers: row.8, runsWaiting: row.9, runsFailed: row.10, fenced: row.11, rescued: row.12, stranded: row.13)
    }
}
