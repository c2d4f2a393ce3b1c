public import Foundation
public import Postgres

/// A run as it stands.
public struct RunState: Sendable, Equatable {
    public enum Status: String, Sendable { case running, waiting, done, failed, cancelled }
    public let id: String
    public let workflow: String
    public let version: Int
    public let status: Status
    /// The last step that has a checkpoint.
    public let step: String?
    public let waitsFor: String?
    /// Business time.
    public let waitsUntil: Date?
    /// Why it failed or was cancelled.
    public let code: String?
    public let message: String?
    public let createdAt: Date
    public let updatedAt: Date
}

/// Starts, wakes and stops runs, in the caller's transaction.
public enum Workflows {
    /// Starts a run; one that exists is left alone.
    public static func start(run id: String, workflow: String, version: Int, input: Data, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.start_run(\(id), \(workflow), \(version)::int, \(input))")
        db.afterCommit { JobSignal.raise() }
    }

    /// Tells a run of an event, whether or not it waits for it yet. The first emit of a name counts; a run that does not exist is told
    /// nothing.
    public static func emit(run id: String, event: String, payload: Data, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.emit(\(id), \(event), \(payload))")
        db.afterCommit { JobSignal.raise() }
    }

    /// Stops a run for good; a step in progress is rolled back or is the last one.
    public static func cancel(run id: String, reason: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.cancel_run(\(id), \(JobQueue.clean(reason)))")
    }

    /// Sets a failed run going again from the step that failed.
    public static func resume(run id: String, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.resume_run(\(id))")
        db.afterCommit { JobSignal.raise() }
    }

    public static func state(run id: String, on db: some PostgresExecutor) async throws -> RunState? {
        try read(await db.query("SELECT \(unescaped: columns) WHERE r.id = \(id)")).first
    }

    /// Runs in the order of their ids, after `after`.
    public static func list(
        workflow: String? = nil, status: RunState.Status? = nil, after: String? = nil, limit: Int = 100, on db: some PostgresExecutor
    ) async throws -> [RunState] {
        let state = status?.rawValue
        return try read(
            await db.query(
                """
                SELECT \(unescaped: columns) WHERE (\(workflow) IS NULL OR r.workflow = \(workflow))
                    AND (\(state) IS NULL OR r.state = \(state))
                    AND (\(after) IS NULL OR r.id > \(after)) ORDER BY r.id LIMIT \(max(1, min(limit, 1000)))
                """))
    }

    private static let columns = """
        r.id, r.workflow, r.version, r.state,
        (SELECT s.name FROM jobs.step s WHERE s.run_id = r.id AND s.output IS NOT NULL ORDER BY s.seq DESC LIMIT 1),
        w.name, w.until, r.failed_code, r.failed_reason, r.created_at, r.updated_at FROM jobs.run r LEFT JOIN jobs.wait w ON w.run_id = r.id
        """

    private static func read(_ rows: PostgresRows) throws -> [RunState] {
        try rows.decode((String, String, Int, String, String?, String?, Date?, String?, String?, Date, Date).self).map {
            guard let status = RunState.Status(rawValue: $0.3) else {
                throw JobsError(message: "run \($0.0) has the unknown state \($0.3)")
            }
            return RunState(
                id: $0.0, workflow: $0.1, version: $0.2, status: status, step: $0.4, waitsFor: $0.5, waitsUntil: $0.6, code: $0.7,
                message: $0.8,
                createdAt: $0.9, updatedAt: $0.10)
        }
    }
}
