import CloudAPI
import Foundation
import Jobs
import Postgres

/// A run with one step of every kind; its effects are counted by the test.
struct StepsWorkflow: Workflow {
    let name = "steps"
    let version = 1
    let graph: GraphClient

    /// An answer that says nothing certain.
    struct Unanswered: Error {}

    func run(_ context: WorkflowContext, input: Data) async throws {
        let run = context.runID
        let number = String(decoding: input, as: UTF8.self)
        let graph = graph
        try await effect(context, "first")
        let _: String = try await context.call("repeatable") {
            guard let answer = await graph.post("\(run):again", to: number).value else { throw Unanswered() }
            return answer.messageID
        }
        let sent: String? = try await context.callOnce("once") {
            await graph.post("\(run):once", to: number).value?.messageID ?? "unknown"
        }
        if sent == nil { try await effect(context, "lost") }
        try await effect(context, "last")
    }

    private func effect(_ context: WorkflowContext, _ name: String) async throws {
        let run = context.runID
        try await context.step(name) { db in
            try await db.query("INSERT INTO fault.effect (run_id, name) VALUES (\(run), \(name))")
        }
    }
}
