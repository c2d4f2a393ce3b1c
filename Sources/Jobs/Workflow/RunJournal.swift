import CrashPoints
import Foundation
import Postgres
import Synchronization

/// The checkpoints of one run, as one attempt sees and writes them.
final class RunJournal: Sendable {
    /// The lease is renewed by every checkpoint, so this bounds one call, not the run.
    static let leaseSeconds = 300.0

    let run: String
    private let attempt: Attempt
    private let client: PostgresClient

    private struct State {
        /// nil: an intent without a result.
        var steps: [String: Data?]
        var written = 0
        var last: String?
    }

    private let state: Mutex<State>

    init(run: String, attempt: Attempt, client: PostgresClient, steps: [String: Data?]) {
        self.run = run
        self.attempt = attempt
        self.client = client
        state = Mutex(State(steps: steps))
    }

    /// How many checkpoints this attempt has written.
    var progress: Int { state.withLock { $0.written } }
    /// The step begun last.
    var lastStep: String? { state.withLock { $0.last } }

    func output(_ name: String) -> Data? {
        state.withLock { state in
            let output = state.steps[name].flatMap { $0 }
            if output == nil { state.last = name }
            return output
        }
    }

    func stored<T: Decodable>(_ name: String) throws -> T? {
        guard let output = output(name) else { return nil }
        guard let value = try JSONDecoder().decode([T].self, from: output).first else {
            throw JobsError(message: "step \(name) has no result")
        }
        return value
    }

    func isIntended(_ name: String) -> Bool { state.withLock { $0.steps.keys.contains(name) } }

    /// A transaction that commits only while this attempt holds the run: its lease is renewed, and so locked against a rescue, and the
    /// run's row is
    /// locked. Throws `RunExit.lost` otherwise.
    @discardableResult
    func held<T: Sendable>(_ body: @Sendable (PostgresConnection) async throws -> T) async throws -> T {
        let value = try await client.withTransaction { db in
            let lease = try await db.query(
                """
                UPDATE jobs.attempt SET deadline_at = clock_timestamp() + make_interval(secs => \(Self.leaseSeconds))
                 WHERE attempt_id = \(attempt.id) RETURNING attempt_id
                """)
            let row = try await db.query(
                "SELECT id FROM jobs.run WHERE id = \(run) AND state = 'running' AND job_id = \(attempt.jobID) FOR NO KEY UPDATE")
            guard !lease.isEmpty, !row.isEmpty else { throw RunExit.lost }
            let value = try await body(db)
            CrashPoint.stepBeforeCommit.passed()
            return value
        }
        CrashPoint.stepAfterCommit.passed()
        return value
    }

    func store(_ name: String, _ output: Data, on db: PostgresConnection) async throws {
        let written = try await db.query(
            """
            INSERT INTO jobs.step AS s (run_id, name, output) VALUES (\(run), \(name), \(output))
            ON CONFLICT (run_id, name) DO UPDATE SET output = excluded.output, at = excluded.at WHERE s.output IS NULL RETURNING name
            """)
        guard !written.isEmpty else { throw JobsError(message: "step \(name) is carried out twice at once; give each its own name") }
    }

    /// Remembers a checkpoint once it has been committed.
    func note(_ name: String, _ output: Data) {
        state.withLock { state in
            state.steps[name] = output
            state.written += 1
        }
    }

    /// Writes that a call is about to be made; false when it had been begun before.
    func intend(_ name: String, on db: PostgresConnection) async throws -> Bool {
        let written = try await db.query(
            "INSERT INTO jobs.step (run_id, name) VALUES (\(run), \(name)) ON CONFLICT DO NOTHING RETURNING name")
        state.withLock { $0.steps[name] = .some(nil) }
        return !written.isEmpty
    }

    func event(_ name: String, on db: PostgresConnection) async throws -> Data? {
        try await db.query("SELECT payload FROM jobs.event WHERE run_id = \(run) AND name = \(name)").decodeFirst(Data.self)
    }

    func wait(_ name: String, until: Date?, on db: PostgresConnection) async throws {
        try await db.query("INSERT INTO jobs.wait (run_id, name, until) VALUES (\(run), \(name), \(until))")
        try await db.query("UPDATE jobs.run SET state = 'waiting', job_id = NULL, updated_at = clock_timestamp() WHERE id = \(run)")
    }
}
