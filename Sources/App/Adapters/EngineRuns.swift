package import Foundation
package import Jobs
package import Migration
package import Postgres

/// The job engine's workflow context, as a migration's run sees it.
package struct EngineRun: RunContext {
    let context: WorkflowContext

    package var runID: String { context.runID }

    package func step<T: Codable & Sendable>(
        _ name: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        try await context.step(name, body)
    }

    package func call<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await context.call(name, body)
    }

    package func callOnce<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        try await context.callOnce(name, body)
    }

    package func event(_ name: String, until: Date?) async throws -> Wake? {
        try await context.event(name, until: until, as: Wake.self)
    }

    package func now(_ name: String) async throws -> Date { try await context.now(name) }
}

/// Starts, wakes and stops migrations' runs in the job engine.
package struct EngineRunControl: RunControl {
    package init() {}

    package func start(run id: String, workflow: String, input: RunInput, on db: PostgresConnection) async throws {
        try await Workflows.start(
            run: id, workflow: workflow, version: MigrationWorkflows.version, input: try JSONEncoder().encode(input), on: db)
    }

    package func emit(run id: String, event: String, _ wake: Wake, on db: PostgresConnection) async throws {
        try await Workflows.emit(run: id, event: event, payload: try JSONEncoder().encode(wake), on: db)
    }

    package func cancel(run id: String, reason: String, on db: PostgresConnection) async throws {
        try await Workflows.cancel(run: id, reason: reason, on: db)
    }

    package func resume(run id: String, on db: PostgresConnection) async throws { try await Workflows.resume(run: id, on: db) }
}

/// One of the migration's workflows, registered with the job engine.
struct EngineWorkflow: Workflow {
    let name: String
    let version = MigrationWorkflows.version
    let world: World

    func run(_ context: WorkflowContext, input: Data) async throws {
        let input = try JSONDecoder().decode(RunInput.self, from: input)
        try await MigrationWorkflows.run(name, EngineRun(context: context), input: input, world: world)
    }

    func failed(run: String, input: Data, code: String, message: String, on db: PostgresConnection) async throws {
        let input = try JSONDecoder().decode(RunInput.self, from: input)
        try await MigrationWorkflows.failed(name, run: run, input: input, code: code, message: message, on: db)
    }
}
