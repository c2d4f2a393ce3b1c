import Foundation
package import Postgres

extension MigrationWorkflows {
    /// What the job engine calls, in its own transaction, when it has given a run up: an error that was not foreseen. The number, or the copy,
    /// shows it, and `retry` resumes the run from the step that failed.
    package static func failed(
        _ workflow: String, run: String, input: RunInput, code: String, message: String, on db: PostgresConnection
    ) async throws {
        let reason = "Relevo stopped with an error it did not foresee: \(message)".replacing("\u{0}", with: "\u{FFFD}")
        if workflow == copy {
            try await db.query(
                """
                UPDATE migration.copy SET state = 'failed', reason_code = \(code), reason = \(reason), needs_person = true, wait_event = NULL,
                    updated_at = jobs.now() WHERE run_id = \(run)
                """)
            return
        }
        guard let ref = input.rowRef else { return }
        let change = NumberChange(state: .failed, step: "stopped", code: code, reason: reason, needsPerson: true)
        guard try await NumberBoard.apply(change, ref: ref, run: run, on: db), let number = try await NumberRecord.find(ref, on: db) else {
            return
        }
        // A code is good for minutes: nobody will resume the run in that time.
        try await db.query("UPDATE migration.number SET code_sealed = NULL WHERE row_ref = \(ref)")
        try await Freezes.freeze(number, code: code, reason: reason, on: db)
    }
}
