public import Foundation
public import Postgres

/// A durable run of named steps. The code is run again from the start after every wait and every crash; what was done gives its stored
/// result.
///
/// So it must take its decisions from steps, not from clocks or random numbers, and a changed list of steps needs a new version.
public protocol Workflow: Sendable {
    var name: String { get }
    var version: Int { get }
    func run(_ context: WorkflowContext, input: Data) async throws
    /// The engine gave the run up; in the transaction that marks it failed. `resume` may set it going again.
    func failed(run: String, input: Data, code: String, message: String, on db: PostgresConnection) async throws
}

extension Workflow {
    public func failed(run: String, input: Data, code: String, message: String, on db: PostgresConnection) async throws {}
}

/// An error that says under which code a run fails, and whether trying again is of any use.
public protocol WorkflowFailure: Error {
    var code: String { get }
    /// The run fails at once.
    var isFinal: Bool { get }
}

/// Why a run's code is left without having failed.
enum RunExit: Error {
    /// It waits; a row will wake it.
    case suspended
    /// Somebody else carries it now, or it was cancelled.
    case lost
}
