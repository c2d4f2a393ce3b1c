package import Foundation
package import Postgres

/// What a durable run offers a workflow: the surface of the job engine's workflow context, so that the workflow's logic can be driven
/// by a script in tests.
///
/// A step's name is unique in its run. A name that was carried out before gives its stored result and does nothing.
package protocol RunContext: Sendable {
    var runID: String { get }
    /// An effect on our database; it and its checkpoint commit together.
    func step<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> T) async throws -> T
    /// An external call that may be made again: it is, when the process dies before its checkpoint.
    func call<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T
    /// An external call that must not be made again: nil when it was begun and its result was lost.
    func callOnce<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T?
    /// Waits for an event; nil when the business time `until` comes first. Without `until` it waits for ever.
    func event(_ name: String, until: Date?) async throws -> Wake?
    /// Business time, checkpointed.
    func now(_ name: String) async throws -> Date
}

/// Starts, wakes and stops runs, in the caller's transaction.
package protocol RunControl: Sendable {
    func start(run id: String, workflow: String, input: RunInput, on db: PostgresConnection) async throws
    /// Wakes a run that waits for `event`; the first emit of an event counts.
    func emit(run id: String, event: String, _ wake: Wake, on db: PostgresConnection) async throws
    func cancel(run id: String, reason: String, on db: PostgresConnection) async throws
    /// Sets a failed run going again from the step that failed.
    func resume(run id: String, on db: PostgresConnection) async throws
}

/// Why a waiting run was woken.
public struct Wake: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable { case retry, code, templates, released, connected, message }
    public var kind: Kind
    /// Who, or which message.
    public var by: String

    public init(_ kind: Kind, by: String) {
        self.kind = kind
        self.by = by
    }

    private enum CodingKeys: String, CodingKey { case kind, by }

    /// Events of other owners have another payload; that they came is all a run needs to know.
    public init(from decoder: any Decoder) throws {
        let container = try? decoder.container(keyedBy: CodingKeys.self)
        kind = (try? container?.decode(Kind.self, forKey: .kind)) ?? .message
        by = (try? container?.decode(String.self, forKey: .by)) ?? ""
    }
}

/// What a run is about.
package struct RunInput: Codable, Sendable, Equatable {
    package var plan: Int64
    /// The number's row, or nil for a template copy.
    package var rowRef: String?
    package var source: String?
    package var destination: String?

    package init(plan: Int64, rowRef: String) {
        self.plan = plan
        self.rowRef = rowRef
    }

    package init(plan: Int64, source: String, destination: String) {
        self.plan = plan
        self.source = source
        self.destination = destination
    }
}
