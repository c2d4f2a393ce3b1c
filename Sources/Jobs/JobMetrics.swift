public import Postgres

/// Numbers for `/metrics`; counters only grow.
public struct JobMetrics: Sendable, Equatable {
    public let ready: Int
    public let later: Int
    public let running: Int
    /// How long the job that has been due longest has waited since it was due, in seconds; it may wait for its lane's rate or pause.
    public let oldestDueSeconds: Double
    /// How late the latest due lane is looked at, in seconds.
    public let laneLagSeconds: Double
    /// Outcomes that may have happened and that no late result has settled.
    public let unknown: Int
    public let dead: Int
    /// Results that their owner could not take over.
    public let unsettled: Int
    public let workers: Int
    public let lanesPaused: Int
    public let kindsPaused: Int
    /// Whether a person has stopped everything.
    public let isStopped: Bool
    public let runsWaiting: Int
    public let runsFailed: Int
    /// Completions that came after their lease had been taken away.
    public let fenced: Int
    public let rescued: Int
    /// Lanes found asleep with work; must stay 0.
    public let stranded: Int

    /// Tables whose rows come and go with every job: the ones that suffer when old snapshots are held.
    public static let hotTables = ["ready", "later", "attempt", "pace", "wake", "debit", "worker", "dedupe"].map { "jobs.\($0)" }

    public static func read(on db: some PostgresExecutor) async throws -> JobMetrics {
        // One scan of ready for both of its numbers: it may hold a million rows.
        let row = try await db.query(
            """
            SELECT r.n, (SELECT count(*) FROM jobs.later), (SELECT count(*) FROM jobs.attempt),
                   greatest(0, coalesce(extract(epoch FROM clock_timestamp() - r.since), 0))::float8, jobs.lane_lag(),
                   (SELECT count(*) FROM jobs.outcome u WHERE u.result = 'U' AND NOT u.late
                       AND NOT EXISTS (SELECT FROM jobs.outcome o WHERE o.attempt_id = u.attempt_id AND o.late AND o.result <> 'U')),
                   (SELECT count(*) FROM jobs.dead), (SELECT count(*) FROM jobs.outcome WHERE unsettled IS NOT NULL),
                   (SELECT count(*) FROM jobs.worker WHERE beat_at > clock_timestamp() - interval '10 seconds'),
                   (SELECT count(*) FROM jobs.run WHERE state = 'waiting'), (SELECT count(*) FROM jobs.run WHERE state = 'failed')
              FROM (SELECT count(*) AS n, min(since) AS since FROM jobs.ready) r
            """
        ).decodeFirst((Int, Int, Int, Double, Double, Int, Int, Int, Int, Int, Int).self)
        let more = try await db.query(
            """
            SELECT (SELECT count(*) FROM jobs.lane WHERE paused), coalesce((SELECT bool_or(stopped) FROM jobs.control), false),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'fenced'), 0),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'rescued'), 0),
                   coalesce((SELECT value FROM jobs.counter WHERE name = 'stranded'), 0), (SELECT count(*) FROM jobs.kind_pause WHERE NOT resumed)
            """
        ).decodeFirst((Int, Bool, Int, Int, Int, Int).self)
        guard let row, let more else { throw JobsError(message: "no metrics") }
        return JobMetrics(
            ready: row.0, later: row.1, running: row.2, oldestDueSeconds: row.3, laneLagSeconds: row.4, unknown: row.5, dead: row.6,
            unsettled: row.7, workers: row.8, lanesPaused: more.0, kindsPaused: more.5, isStopped: more.1, runsWaiting: row.9,
            runsFailed: row.10,
            fenced: more.2, rescued: more.3, stranded: more.4)
    }
}
