import Foundation
import Postgres
import Synchronization

@testable import Migration

/// A job engine in memory: replays runs from their checkpoints, stands still in waits, and moves the business clock of the database from
/// deadline to deadline, so that a migration of weeks takes a moment.
final class ScriptedEngine: RunControl {
    struct Run {
        var workflow: String
        var input: RunInput
        var checkpoints: [String: Data] = [:]
        var intents: Set<String> = []
        var events: [String: Wake] = [:]
        /// What the run waits for; nil when it can go on.
        var wait: (name: String, until: Date?)?
        var isOver = false
        var isCancelled = false
        var failure: String?
    }

    struct State {
        var runs: [String: Run] = [:]
        var order: [String] = []
        /// Names of steps after whose effect, and before whose checkpoint, the process dies once.
        var crashes: Set<String> = []
        /// Every time a run was taken up.
        var replays = 0
    }

    let state = Mutex(State())
    let client: PostgresClient

    init(client: PostgresClient) { self.client = client }

    func start(run id: String, workflow: String, input: RunInput, on db: PostgresConnection) async throws {
        state.withLock {
            guard $0.runs[id] == nil else { return }
            $0.runs[id] = Run(workflow: workflow, input: input)
            $0.order.append(id)
        }
    }

    func emit(run id: String, event: String, _ wake: Wake, on db: PostgresConnection) async throws { emit(id, event, wake) }

    func emit(_ id: String, _ event: String, _ wake: Wake) {
        state.withLock {
            guard $0.runs[id]?.events[event] == nil else { return }
            $0.runs[id]?.events[event] = wake
        }
    }

    func cancel(run id: String, reason: String, on db: PostgresConnection) async throws {
        state.withLock { $0.runs[id]?.isCancelled = true }
    }

    func resume(run id: String, on db: PostgresConnection) async throws { state.withLock { $0.runs[id]?.failure = nil } }

    func crash(after step: String) { state.withLock { _ = $0.crashes.insert(step) } }

    func setClock(_ date: Date) async throws {
        try await client.query("DELETE FROM jobs.clock")
        try await client.query("INSERT INTO jobs.clock VALUES (clock_timestamp(), \(date), 0)")
    }

    func clock() async throws -> Date { try await client.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date() }

    /// Carries everything out until nothing can go on before `until`, or `stop` says so.
    func drive(_ world: World, until end: Date, stop: () async throws -> Bool = { false }) async throws {
        for _ in 0..<5000 {
            var moved = false
            for id in state.withLock({ $0.order }) {
                while try await takeUp(id, world) { moved = true }
            }
            if try await stop() { return }
            if moved { continue }
            let now = try await clock()
            let next = state.withLock { state in
                state.runs.values.filter { !$0.isOver && !$0.isCancelled && $0.failure == nil }.compactMap { $0.wait?.until }.filter {
                    $0 > now
                }.min()
            }
            guard let next, next <= end else { return }
            try await setClock(next)
        }
        throw EngineError(text: "the engine does not come to rest")
    }

    struct EngineError: Error { var text: String }
    /// The run has nothing to do until something happens.
    struct Suspended: Error {}
    /// The process died.
    struct Crash: Error {}

    /// Runs one run until it waits; false when it has nothing to do.
    func takeUp(_ id: String, _ world: World) async throws -> Bool {
        let now = try await clock()
        let run = state.withLock { state -> Run? in
            guard var run = state.runs[id], !run.isOver, !run.isCancelled, run.failure == nil else { return nil }
            if let wait = run.wait {
                if let event = run.events[wait.name] {
                    run.checkpoints[wait.name] = try? JSONEncoder().encode([event])
                } else if let until = wait.until, until <= now {
                    run.checkpoints[wait.name] = try? JSONEncoder().encode([Wake]())
                } else {
                    return nil
                }
                run.wait = nil
                state.runs[id] = run
            }
            state.replays += 1
            return run
        }
        guard let run else { return false }
        do {
            try await MigrationWorkflows.run(run.workflow, ScriptedRun(engine: self, runID: id), input: run.input, world: world)
            state.withLock { $0.runs[id]?.isOver = true }
        } catch is Suspended {
        } catch is Crash {
        } catch {
            state.withLock { $0.runs[id]?.failure = String(reflecting: error) }
            throw error
        }
        return true
    }
}

/// One run's view of the engine.
struct ScriptedRun: RunContext {
    let engine: ScriptedEngine
    let runID: String

    private func stored<T: Decodable>(_ name: String) throws -> T? {
        let data = engine.state.withLock { $0.runs[runID]?.checkpoints[name] }
        return try data.map { try JSONDecoder().decode([T].self, from: $0)[0] }
    }

    private func store<T: Encodable>(_ name: String, _ value: T) throws {
        if engine.state.withLock({ $0.crashes.remove(name) }) != nil { throw ScriptedEngine.Crash() }
        let data = try JSONEncoder().encode([value])
        engine.state.withLock { $0.runs[runID]?.checkpoints[name] = data }
    }

    func step<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> T) async throws -> T {
        if let value: T = try stored(name) { return value }
        return try await engine.client.withTransaction { db in
            let value = try await body(db)
            try store(name, value)
            return value
        }
    }

    func call<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
        if let value: T = try stored(name) { return value }
        let value = try await body()
        try store(name, value)
        return value
    }

    func callOnce<T: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> T) async throws -> T? {
        if let value: T = try stored(name) { return value }
        guard engine.state.withLock({ $0.runs[runID]?.intents.insert(name).inserted ?? false }) else { return nil }
        let value = try await body()
        try store(name, value)
        return value
    }

    func event(_ name: String, until: Date?) async throws -> Wake? {
        let data = engine.state.withLock { $0.runs[runID]?.checkpoints[name] }
        if let data { return try JSONDecoder().decode([Wake].self, from: data).first }
        engine.state.withLock { $0.runs[runID]?.wait = (name, until) }
        throw ScriptedEngine.Suspended()
    }

    func now(_ name: String) async throws -> Date {
        if let value: Date = try stored(name) { return value }
        let now = try await engine.clock()
        try store(name, now)
        return now
    }
}
