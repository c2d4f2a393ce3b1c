public import Foundation
public import Postgres

/// What a run may do. A name that was carried out before gives its stored result and does nothing.
public struct WorkflowContext: Sendable {
    public var runID: String { journal.run }
    let journal: RunJournal

    /// An effect on our database; it and its checkpoint commit together, and only while this attempt still holds the run.
    public func step<T: Codable & Sendable>(
        _ name: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> T
    ) async throws -> T {
        if let value: T = try journal.stored(name) { return value }
        let (value, output) = try await journal.held { db in
            let value = try await body(db)
            let output = try Self.encode(value)
            try await journal.store(name, output, on: db)
            return (value, output)
        }
        journal.note(name, output)
        return value
    }

    /// An effect on our database without a result.
    public func step(_ name: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> Void) async throws {
        let _: Bool = try await step(name) { db in
            try await body(db)
            return true
        }
    }

    /// An external call that may be made again: it is, when the process dies before its checkpoint.
    public func call<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        if let value: T = try journal.stored(name) { return value }
        // Not begun by an attempt that has lost the run.
        try await journal.held { _ in }
        let value = try await body()
        try await checkpoint(name, value)
        return value
    }

    /// An external call that must not be made again. Its intent is committed first; nil when it was begun earlier and its result was lost.
    public func callOnce<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        if let value: T = try journal.stored(name) { return value }
        guard !journal.isIntended(name) else { return nil }
        guard try await journal.held({ db in try await journal.intend(name, on: db) }) else { return nil }
        let value = try await body()
        try await checkpoint(name, value)
        return value
    }

    /// Waits for an event; nil when the business time `until` comes first. The run is left and costs a row until then; do not catch what is
    /// thrown.
    public func event<T: Codable & Sendable>(_ name: String, until: Date?, as _: T.Type = T.self) async throws -> T? {
        if let output = journal.output(name) { return try JSONDecoder().decode([T].self, from: output).first }
        let output = try await journal.held { db -> Data? in
            if let payload = try await journal.event(name, on: db) {
                let output = Data("[".utf8) + (payload.isEmpty ? Data("null".utf8) : payload) + Data("]".utf8)
                try await journal.store(name, output, on: db)
                return output
            }
            if let until, until <= (try await JobQueue.now(on: db)) {
                try await journal.store(name, Data("[]".utf8), on: db)
                return Data("[]".utf8)
            }
            try await journal.wait(name, until: until, on: db)
            return nil
        }
        guard let output else { throw RunExit.suspended }
        journal.note(name, output)
        return try JSONDecoder().decode([T].self, from: output).first
    }

    /// Business time, checkpointed.
    public func now(_ name: String) async throws -> Date { try await step(name) { db in try await JobQueue.now(on: db) } }

    private func checkpoint(_ name: String, _ value: some Encodable) async throws {
        let output = try Self.encode(value)
        try await journal.held { db in try await journal.store(name, output, on: db) }
        journal.note(name, output)
    }

    private static func encode<T: Encodable>(_ value: T) throws -> Data { try JSONEncoder().encode([value]) }
}
