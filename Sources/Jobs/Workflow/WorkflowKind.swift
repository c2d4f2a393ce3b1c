import Foundation
import Logging
import Postgres

/// Carries runs as at-least-once jobs of the lane `workflow`, one job a run at most.
final class WorkflowKind: JobKind {
    let name = "workflow"
    let delivery = Delivery.atLeastOnce
    let leaseSeconds = RunJournal.leaseSeconds

    private let client: PostgresClient
    private let workflows: [String: any Workflow]
    private let logger: Logger

    init(client: PostgresClient, workflows: [any Workflow], logger: Logger) {
        self.client = client
        self.workflows = Dictionary(workflows.map { ($0.name, $0) }) { first, _ in first }
        self.logger = logger
    }

    /// Why a run is given up, handed from `perform` to `settle`.
    private struct Failure: Codable {
        var code: String
        var message: String
    }

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) {
        let id = String(decoding: attempt.payload, as: UTF8.self)
        var journal: RunJournal?
        do {
            guard let run = try await read(id, job: attempt.jobID) else { return (.done(providerID: nil), nil) }
            guard let workflow = workflows[run.workflow] else {
                return dead("unknown_workflow", "no workflow named \(run.workflow) is known here")
            }
            guard workflow.version == run.version else {
                return dead(
                    "version",
                    "the run was started by version \(run.version) of \(run.workflow), this program has version \(workflow.version)")
            }
            let taken = RunJournal(run: id, attempt: attempt, client: client, steps: try await steps(id))
            journal = taken
            try await workflow.run(WorkflowContext(journal: taken), input: run.input)
            try await taken.held { db in
                try await db.query("UPDATE jobs.run SET state = 'done', job_id = NULL, updated_at = clock_timestamp() WHERE id = \(id)")
            }
            return (.done(providerID: nil), nil)
        } catch is RunExit {
            return (.done(providerID: nil), nil)
        } catch {
            return judge(error, attempt, journal)
        }
    }

    /// Trouble that passes costs nothing; another error is tried again as long as the run gets on between, and five times where it does
    /// not.
    private func judge(_ error: any Error, _ attempt: Attempt, _ journal: RunJournal?) -> (AttemptResult, detail: (any AttemptDetail)?) {
        let step = journal?.lastStep.map { " in step \($0)" } ?? ""
        let transient = (error as? PostgresError)?.isTransient ?? (error is CancellationError)
        if transient { return (.retry(after: .seconds(1), reason: "\(error)\(step)", costsAttempt: false, lanePenalty: nil), nil) }
        let known = error as? any WorkflowFailure
        let code = known?.code ?? String(describing: type(of: error))
        logger.warning("a run had an error", metadata: ["run": "\(journal?.run ?? "")", "error": "\(error)"])
        if known?.isFinal == true { return dead(code, "\(error)\(step)") }
        let progressed = (journal?.progress ?? 0) > 0
        let detail = try? JSONEncoder().encode(Failure(code: code, message: "\(error)\(step)"))
        return (.retry(after: nil, reason: "\(error)\(step)", costsAttempt: !progressed, lanePenalty: nil), detail)
    }

    private func dead(_ code: String, _ message: String) -> (AttemptResult, detail: (any AttemptDetail)?) {
        (.dead(reason: message), try? JSONEncoder().encode(Failure(code: code, message: message)))
    }

    private struct Run {
        let workflow: String
        let version: Int
        let input: Data
    }

    /// nil when this job does not carry the run any more.
    private func read(_ id: String, job: Int64) async throws -> Run? {
        try await client.query("SELECT workflow, version, input FROM jobs.run WHERE id = \(id) AND state = 'running' AND job_id = \(job)")
            .decodeFirst((String, Int, Data).self).map { Run(workflow: $0.0, version: $0.1, input: $0.2) }
    }

    private func steps(_ id: String) async throws -> [String: Data?] {
        let rows = try await client.query("SELECT name, output FROM jobs.step WHERE run_id = \(id)").decode((String, Data?).self)
        return Dictionary(rows.map { ($0.0, $0.1) }) { first, _ in first }
    }

    /// A job that was given up fails its run, and the workflow is told in the same transaction.
    func settle(_ settlements: [Settlement], on db: PostgresConnection) async throws {
        for settlement in settlements.sorted(by: { $0.attempt.id < $1.attempt.id }) {
            guard case .dead(let reason) = settlement.result else { continue }
            let failure =
                settlement.detail.flatMap { try? JSONDecoder().decode(Failure.self, from: $0.bytes) }
                ?? Failure(code: "given_up", message: reason)
            try await fail(String(decoding: settlement.attempt.payload, as: UTF8.self), job: settlement.attempt.jobID, failure, on: db)
        }
    }

    private func fail(_ id: String, job: Int64, _ failure: Failure, on db: PostgresConnection) async throws {
        // The job's id stays, so that a resume takes its dead letter away.
        let row = try await db.query(
            """
            UPDATE jobs.run SET state = 'failed', failed_code = \(JobQueue.clean(failure.code)),
                failed_reason = \(JobQueue.clean(failure.message)),
                updated_at = clock_timestamp() WHERE id = \(id) AND state = 'running' AND job_id = \(job) RETURNING workflow, input
            """
        ).decodeFirst((String, Data).self)
        guard let (name, input) = row, let workflow = workflows[name] else { return }
        do {
            try await db.withSavepoint { db in
                try await workflow.failed(run: id, input: input, code: failure.code, message: failure.message, on: db)
            }
        } catch  where (error as? PostgresError)?.isTransient != true {
            logger.critical("a workflow could not take its failure over", metadata: ["run": "\(id)", "error": "\(error)"])
        }
    }
}
