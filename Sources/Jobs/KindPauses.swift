public import Foundation
public import Postgres

/// A kind of jobs that a person has paused.
public struct KindPause: Sendable, Equatable {
    public let kind: String
    public let by: String
    public let reason: String
    public let at: Date
}

/// Pausing all jobs of a kind, in whatever lane they are.
public enum KindPauses {
    /// What has its intent written is finished; no older intent can commit once this has returned. Do not hold its transaction open.
    public static func pause(_ kind: String, by: String, reason: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.pause_kind(\(kind), \(by), \(JobQueue.clean(reason)))")
    }

    /// Returns how many jobs had been put aside; they are due at once, in batches. Should it not come to its end, engines go on with it.
    @discardableResult
    public static func resume(_ kind: String, on client: PostgresClient) async throws -> Int {
        try await client.query("SELECT jobs.resume_kind(\(kind))")
        var count = 0
        while let batch = try await client.query("SELECT jobs.take_up(\(batchSize)::int)").decodeFirst(Int.self), batch > 0 {
            count += batch
            JobSignal.raise()
        }
        return count
    }

    private static let batchSize = 10_000

    public static func list(on db: some PostgresExecutor) async throws -> [KindPause] {
        try await db.query("SELECT kind, by, reason, at FROM jobs.kind_pause WHERE NOT resumed ORDER BY kind")
            .decode((String, String, String, Date).self)
            .map { KindPause(kind: $0.0, by: $0.1, reason: $0.2, at: $0.3) }
    }
}
