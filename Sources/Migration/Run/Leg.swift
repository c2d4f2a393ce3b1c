import Foundation
import Postgres
import Templates

/// One round of one number's run: what the steps share.
struct Leg: Sendable {
    let c: any RunContext
    let world: World
    let brief: NumberBrief
    let round: Int

    var settings: MigrationSettings { world.settings }

    /// A step's name, unique in the run.
    func name(_ text: String) -> String { "\(text):\(round)" }

    /// Writes a change of the number; ends the run when the number is no longer its own.
    func set(_ step: String, _ change: NumberChange) async throws {
        let (ref, run) = (brief.rowRef, c.runID)
        if try await !c.step(name(step), { try await NumberBoard.apply(change, ref: ref, run: run, on: $0) }) { throw RunOver() }
    }

    /// Writes with a statement of its own beside the change.
    func set(
        _ step: String, _ change: NumberChange, also body: @escaping @Sendable (PostgresConnection) async throws -> Void
    ) async throws {
        let (ref, run) = (brief.rowRef, c.runID)
        let mine = try await c.step(name(step)) { db -> Bool in
            guard try await NumberBoard.apply(change, ref: ref, run: run, on: db) else { return false }
            try await body(db)
            return true
        }
        if !mine { throw RunOver() }
    }

    /// Waits until `until` or until something wakes the number; what it waits for can be seen meanwhile.
    @discardableResult
    func pause(_ step: String, _ change: NumberChange, until: Date?) async throws -> Wake? {
        var change = change
        change.wait = name(step)
        try await set("\(step):enter", change)
        return try await c.event(name(step), until: until)
    }

    func now(_ step: String) async throws -> Date { try await c.now(name("\(step):now")) }

    /// Makes a call until it is answered or refused for good. Trouble that passes is waited out, and told, until `deadline`; then it is returned.
    ///
    /// - Parameter repeatable: whether a call that may have had its effect can simply be made again.
    func ask<Value: Codable & Sendable>(
        _ step: String, state: NumberState, until deadline: Date, repeatable: Bool = true,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Reply<Value> {
        var wait = settings.retryPause
        var count = 0
        while true {
            let reply = try await c.call(name("\(step):\(count)")) { try await Reply.of(body) }
            guard case .trouble(let trouble) = reply, trouble.remedy != .person, repeatable || trouble.remedy != .reconcile else {
                return reply
            }
            let now = try await now("\(step):\(count)")
            let until = now.addingTimeInterval(max(wait, trouble.waitSeconds ?? 0))
            if until > deadline { return reply }
            try await pause(
                "\(step):\(count):wait", NumberChange(state: state, step: step, code: "graph_trouble", reason: "\(trouble)"), until: until)
            wait = min(wait * 2, settings.longestRetryPause)
            count += 1
        }
    }

    /// As `ask`, for calls without which the round cannot go on.
    func demand<Value: Codable & Sendable>(
        _ step: String, state: NumberState, until deadline: Date, code: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        switch try await ask(step, state: state, until: deadline, body) {
        case .answer(let value): return value
        case .trouble(let trouble): throw Stop.failed(code, "\(trouble)")
        }
    }
}
