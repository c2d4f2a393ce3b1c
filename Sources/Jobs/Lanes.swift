public import Foundation
public import Postgres

/// How fast, and how many at once.
public struct LaneLimits: Sendable, Equatable {
    /// nil: no rate.
    public var perSecond: Double?
    public var burst: Int
    /// Also the rate's safety margin: tokens in flight can be late by this many.
    public var maxRunning: Int

    public init(perSecond: Double?, burst: Int, maxRunning: Int) {
        self.perSecond = perSecond
        self.burst = burst
        self.maxRunning = maxRunning
    }

    /// Microseconds between two, rounded up so that the rate is never exceeded; 0 for no rate.
    var interval: Int64 {
        guard let perSecond, perSecond > 0 else { return 0 }
        return Int64(min(1_000_000 / perSecond, 86_400_000_000).rounded(.up))
    }

    static func perSecond(interval: Int64) -> Double? { interval == 0 ? nil : 1_000_000 / Double(interval) }
}

/// A lane as it stands.
public struct LaneState: Sendable, Equatable {
    public let id: Int64
    public let ready: Int
    public let later: Int
    public let running: Int
    public let isPaused: Bool
    public let pausedBy: String?
    public let pausedReason: String?
    /// When it is looked at next; nil when it has nothing to do or waits for a mark.
    public let nextAt: Date?
    public let limits: LaneLimits
    /// The burst in force, smaller than the limit after a penalty.
    public let burstNow: Int
    /// Seconds until the next token; 0 when there is one.
    public let waitSeconds: Double
}

/// The keys of rate and concurrency: one a business number, one a queue.
public enum Lanes {
    /// The lane's id; makes it with these limits, and keeps the limits of one that exists.
    public static func ensure(_ key: String, limits: LaneLimits, on db: some PostgresExecutor) async throws -> Int64 {
        if let id = try await db.query("SELECT id FROM jobs.lane WHERE key = \(key)").decodeFirst(Int64.self) { return id }
        try await db.query(
            """
            INSERT INTO jobs.lane (key, t_us, burst, max_running)
            VALUES (\(key), \(limits.interval), \(max(1, limits.burst))::bigint, \(max(1, limits.maxRunning))::bigint)
            ON CONFLICT (key) DO NOTHING
            """)
        // A statement of its own: it sees the row of whoever was faster.
        guard let id = try await db.query("SELECT id FROM jobs.lane WHERE key = \(key)").decodeFirst(Int64.self) else {
            throw JobsError(message: "lane \(key) could not be made")
        }
        return id
    }

    /// Changes the limits, from the next claim on.
    public static func set(_ key: String, limits: LaneLimits, on db: some PostgresExecutor) async throws {
        try await db.query(
            """
            SELECT jobs.limit_lane(\(key), \(limits.interval), \(max(1, limits.burst))::int, \(max(1, limits.maxRunning))::int)
            """)
        db.afterCommit { JobSignal.raise() }
    }

    /// Stops the lane; what has its intent written is finished, the rest stays ready.
    public static func pause(_ key: String, reason: String, by: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.pause_lane(\(key), \(by), \(JobQueue.clean(reason)))")
    }

    /// Waits until the intents that are being written are committed: those that have not seen a pause yet. To be called when the pause is
    /// committed, outside any transaction, since such an intent may wait for what that holds.
    public static func awaitIntents(on client: PostgresClient) async throws {
        try await client.query("SELECT pg_advisory_xact_lock(hashtextextended('jobs.control', 0))")
    }

    public static func resume(_ key: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.resume_lane(\(key))")
        db.afterCommit { JobSignal.raise() }
    }

    /// Spends throughput that was used outside the queue, such as by inbound messages. Locks no lane.
    public static func debit(_ key: String, tokens: Int, on db: some PostgresExecutor) async throws {
        guard tokens > 0 else { return }
        try await db.query("SELECT jobs.spend(\(key), \(min(tokens, 100_000))::int)")
    }

    public static func state(_ key: String, on db: some PostgresExecutor) async throws -> LaneState? {
        let row = try await db.query(
            """
            SELECT l.id, d.ready, d.later, d.running, l.paused, l.paused_by, l.paused_reason, to_timestamp(p.next_us / 1e6),
                   l.t_us, l.burst, l.max_running, b.burst,
                   greatest(0, p.tat_us + (1 - b.burst) * l.t_us - jobs.now_us())::float8 / 1e6
              FROM jobs.lane l JOIN jobs.lane_depth d ON d.id = l.id
              JOIN jobs.pace p ON p.lane_id = l.id
              CROSS JOIN LATERAL (SELECT jobs.burst_now(l.burst, p.penalty_burst, p.penalty_us, jobs.now_us()) AS burst) b
             WHERE l.key = \(key)
            """
        ).decodeFirst((Int64, Int, Int, Int, Bool, String?, String?, Date?, Int64, Int, Int, Int, Double).self)
        return row.map {
            LaneState(
                id: $0.0, ready: $0.1, later: $0.2, running: $0.3, isPaused: $0.4, pausedBy: $0.5, pausedReason: $0.6, nextAt: $0.7,
                limits: LaneLimits(perSecond: LaneLimits.perSecond(interval: $0.8), burst: $0.9, maxRunning: $0.10), burstNow: $0.11,
                waitSeconds: $0.12)
        }
    }

    /// Lanes that a person has paused, with why.
    public static func paused(on db: some PostgresExecutor) async throws -> [(key: String, by: String, reason: String)] {
        try await db.query(
            "SELECT key, coalesce(paused_by, ''), coalesce(paused_reason, '') FROM jobs.lane WHERE paused ORDER BY key LIMIT 1000"
        )
        .decode((String, String, String).self).map { (key: $0.0, by: $0.1, reason: $0.2) }
    }

    /// The kill switch. Returns once no older intent can commit any more; do not hold its transaction open.
    public static func pauseEverything(by: String, reason: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.pause_everything(\(by), \(JobQueue.clean(reason)))")
    }

    public static func resumeEverything(on db: some PostgresExecutor) async throws {
        try await db.query("UPDATE jobs.control SET stopped = false, by = NULL, reason = NULL, at = clock_timestamp()")
        db.afterCommit { JobSignal.raise() }
    }

    /// Who stopped everything and why; nil when nothing is stopped.
    public static func everythingPaused(on db: some PostgresExecutor) async throws -> (by: String, reason: String, at: Date)? {
        try await db.query("SELECT coalesce(by, ''), coalesce(reason, ''), coalesce(at, clock_timestamp()) FROM jobs.control WHERE stopped")
            .decodeFirst((String, String, Date).self).map { (by: $0.0, reason: $0.1, at: $0.2) }
    }
}

/// Something the engine cannot make sense of.
public struct JobsError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
