import Synchronization

/// Lets at most a number of things happen at once; more are refused at once, not queued.
final class Limiter: Sendable {
    private let limit: Int
    private let count = Atomic<Int>(0)

    init(_ limit: Int) { self.limit = max(1, limit) }

    var current: Int { count.load(ordering: .relaxed) }

    func enter() -> Bool {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    func leave() { count.subtract(1, ordering: .relaxed) }

    /// Throws `busy` when there is no room.
    func within<T>(_ body: () async throws -> T) async throws -> T {
        guard enter() else { throw HTTPProblem.busy }
        defer { leave() }
        return try await body()
    }
}

/// Tries by name in the last minute, for pages that are open to strangers. Holds a bounded number of names.
final class Attempts: Sendable {
    private struct State {
        var since = ContinuousClock.now
        var counts: [String: Int] = [:]
        var others = 0
    }

    private let perMinute: Int
    private let state = Mutex(State())

    init(perMinute: Int) { self.perMinute = perMinute }

    /// Counts a try; false when there were too many.
    func allow(_ name: String) -> Bool {
        state.withLock { state in
            if ContinuousClock.now - state.since > .seconds(60) { state = State() }
            if state.counts[name] == nil, state.counts.count >= 10_000 {
                // Someone is trying names: all unknown ones share one bounded count.
                state.others += 1
                return state.others <= perMinute * 100
            }
            state.counts[name, default: 0] += 1
            return state.counts[name, default: 0] <= perMinute
        }
    }
}
