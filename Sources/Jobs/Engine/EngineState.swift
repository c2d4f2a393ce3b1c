import Synchronization

/// What the loops of one engine share.
final class EngineState: Sendable {
    /// How an engine goes down.
    enum Stop: Int, Comparable {
        case no
        /// Finish what is being performed, up to a limit.
        case drain
        /// Stop performing; write down what has ended.
        case now
        /// As if the process had died: write nothing. For tests.
        case crash

        static func < (a: Stop, b: Stop) -> Bool { a.rawValue < b.rawValue }
    }

    private struct Flight {
        var deadline: ContinuousClock.Instant?
        var task: Task<Void, Never>?
    }

    private struct State {
        var stop = Stop.no
        var worker: Int64?
        var flights: [Int64: Flight] = [:]
        /// Since when the database has answered every heartbeat.
        var steadySince: ContinuousClock.Instant?
        var isAway = false
    }

    private let state = Mutex(State())

    var stop: Stop { state.withLock { $0.stop } }
    func stop(_ how: Stop) { state.withLock { $0.stop = max($0.stop, how) } }

    var worker: Int64? { state.withLock { $0.worker } }
    var inFlight: Int { state.withLock { $0.flights.count } }

    func holds(_ id: Int64) -> Bool { state.withLock { $0.flights[id] != nil } }
    func begin(_ ids: [Int64]) { state.withLock { state in for id in ids { state.flights[id] = Flight() } } }
    func end(_ ids: some Sequence<Int64>) { state.withLock { state in for id in ids { state.flights[id] = nil } } }

    /// Keeps the task of an attempt that is being performed, unless it has ended already.
    func performing(_ id: Int64, deadline: ContinuousClock.Instant?, task: Task<Void, Never>) {
        state.withLock { state in
            guard state.flights[id] != nil else { return }
            state.flights[id] = Flight(deadline: deadline, task: task)
        }
    }

    /// Asks attempts to stop whose deadline is past; all of them when no time is given.
    func cancel(past now: ContinuousClock.Instant?) {
        let tasks = state.withLock { state in
            state.flights.values.filter { flight in now.map { now in flight.deadline.map { $0 <= now } ?? false } ?? true }.compactMap(
                \.task)
        }
        for task in tasks { task.cancel() }
    }

    /// A heartbeat was answered; true when the database had been away.
    func heard(_ worker: Int64) -> Bool {
        state.withLock { state in
            state.worker = worker
            state.steadySince = state.steadySince ?? .now
            defer { state.isAway = false }
            return state.isAway
        }
    }

    /// The database did not answer; true when it did until now.
    func missed() -> Bool {
        state.withLock { state in
            state.steadySince = nil
            defer { state.isAway = true }
            return !state.isAway
        }
    }

    /// Whether the database has been there long enough for the heartbeats of all living workers to be fresh: after it was away, every
    /// worker
    /// looks dead for a moment.
    func isSteady(for time: Duration) -> Bool {
        state.withLock { state in state.steadySince.map { ContinuousClock.now - $0 >= time } ?? false }
    }
}
