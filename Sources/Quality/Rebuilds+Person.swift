import Foundation
import Jobs
import Postgres
import Templates

extension Rebuilds {
    /// A person's pause: what is queued is taken back, and nothing more goes out until somebody resumes. Throws `RebuildError`.
    @discardableResult
    public func pause(_ id: Int64, by: String, why: String) async throws -> RebuildRecord {
        try await change(id, "pause", by: by, why: why) { row, _ in
            if row.ramp.state == .paused { return false }
            guard row.ramp.pause(why) else { throw Self.wrong(row, "paused") }
            return true
        }
    }

    /// A person's stop. What is queued is taken back. Throws `RebuildError`.
    @discardableResult
    public func stop(_ id: Int64, by: String, why: String) async throws -> RebuildRecord {
        try await change(id, "stop", by: by, why: why) { row, _ in
            if row.ramp.state == .stopped { return false }
            guard row.ramp.stop(byPerson: why) else { throw Self.wrong(row, "stopped") }
            return true
        }
    }

    /// A person sets it going again; the next step comes at its time, and is judged before anything is sent. Throws `RebuildError`, among
    /// others when the template is not APPROVED or its quality RED: then it would stop again at once.
    @discardableResult
    public func resume(_ id: Int64, by: String, why: String) async throws -> RebuildRecord {
        let rebuilds = self
        return try await change(id, "resume", by: by, why: why) { row, db in
            if row.ramp.state == .running { return false }
            try await row.readTemplate(on: db)
            if let verdict = Verdict.template(status: row.templateStatus, quality: row.quality), verdict.decision == .stop {
                throw RebuildError(.templateNotApproved, "rebuild \(id) cannot go on: \(verdict.reason)")
            }
            if row.ramp.state == .stopped {
                let other = try await db.query(
                    """
                    SELECT id FROM quality.rebuild WHERE waba_id = \(row.waba) AND template_name = \(row.template.name)
                        AND template_language = \(row.template.language) AND state IN ('loading', 'running', 'held', 'paused') AND id <> \(id)
                    """
                ).decodeFirst(Int64.self)
                if let other { throw RebuildError(.conflict, "rebuild \(other) of the same template is under way") }
            }
            guard row.ramp.resume() else { throw Self.wrong(row, "resumed") }
            // A run that has ended with the stop is followed by a new one; one that waits is woken.
            if row.runID == nil { try await rebuilds.startRun(&row, on: db) }
            return true
        }
    }

    private static func wrong(_ row: RebuildRow, _ word: String) -> RebuildError {
        RebuildError(.wrongState, "rebuild \(row.id) is \(row.ramp.state.rawValue) and cannot be \(word)")
    }

    /// Changes a rebuild under its lock, notes who and why, and wakes its run. `body` says whether anything changed: the same twice is
    /// harmless.
    private func change(
        _ id: Int64, _ action: String, by: String, why: String,
        _ body: @Sendable (inout RebuildRow, PostgresConnection) async throws -> Bool
    ) async throws -> RebuildRecord {
        guard (1...200).contains(by.count), (1...500).contains(why.count), !by.utf8.contains(0), !why.utf8.contains(0) else {
            throw RebuildError(.badValue, "who takes 1 to 200 characters, and why 1 to 500")
        }
        let row = try await untangled { db in
            var row = try await RebuildRow.require(id, on: db)
            let event = row.waitEvent
            let run = row.runID
            guard try await body(&row, db) else { return row }
            if row.runID == run { row.waitEvent = nil }
            try await row.save(on: db)
            try await note(id, action, by: by, why: why, on: db)
            if let run, row.runID == run, let event { try await Workflows.emit(run: run, event: event, payload: Data("{}".utf8), on: db) }
            return row
        }
        return try await records([row])[0]
    }

    /// A transaction that is tried again when it met the run half way: the run locks itself before the rebuild, a person's change after it.
    private func untangled<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        for _ in 0..<3 {
            do {
                return try await client.withTransaction(body)
            } catch let error as PostgresError where error.sqlState == "40P01" {
                continue
            }
        }
        return try await client.withTransaction(body)
    }
}
