public import Foundation
public import Postgres

/// A job that was given up.
public struct DeadLetter: Sendable {
    public let job: Int64
    public let kind: String
    public let laneKey: String
    public let at: Date
    public let reason: String?
    public let payload: Data
}

/// Jobs that were given up, for a person to look at.
public enum DeadLetters {
    /// Newest first; `before` is the job of the last one seen.
    public static func list(kind: String? = nil, before: Int64? = nil, limit: Int = 100, on db: some PostgresExecutor) async throws
        -> [DeadLetter]
    {
        try await db.query(
            """
            SELECT d.job_id, d.kind, l.key, d.at, d.reason, j.payload FROM jobs.dead d JOIN jobs.lane l ON l.id = d.lane_id
                JOIN jobs.job j ON j.id = d.job_id
             WHERE (\(kind) IS NULL OR d.kind = \(kind)) AND (\(before) IS NULL OR d.job_id < \(before))
             ORDER BY d.job_id DESC LIMIT \(max(1, min(limit, 1000)))
            """
        ).decode((Int64, String, String, Date, String?, Data).self).map {
            DeadLetter(job: $0.0, kind: $0.1, laneKey: $0.2, at: $0.3, reason: $0.4, payload: $0.5)
        }
    }

    /// The oldest of a kind, to be set going again.
    public static func oldest(kind: String, limit: Int, on db: some PostgresExecutor) async throws -> [Int64] {
        try await db.query("SELECT job_id FROM jobs.dead WHERE kind = \(kind) ORDER BY job_id LIMIT \(limit)").decode(Int64.self)
    }

    /// Sets them going again with a new budget of attempts; returns those that were there. Who did it stands in the history.
    public static func redrive(_ jobs: [Int64], by: String, on db: some PostgresExecutor) async throws -> [Int64] {
        let ids = try await db.query("SELECT jobs.redrive(\(jobs), \(JobQueue.clean(by)))").decode(Int64.self)
        db.afterCommit { JobSignal.raise() }
        return ids
    }
}
