import Foundation
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
        /// Its slot is still to come.
        var isWaiting = false
    }

    private struct State {
        var stop = Stop.no
        var worker: Int64?
        var flights: [Int64: Flight] = [:]
        var waiting = 0
        /// The longest that intents lately took, forgotten slowly, and what they take on average.
        var intentTime: Duration = .milliseconds(20)
        var intentTimeAt = ContinuousClock.now
        var usualIntentTime: Duration = .zero

        /// A stall of a disk comes again within the minute: the longest one fades by half in 20 s, whatever the rate, to what is usual.
        func fadedIntentTime(_ now: ContinuousClock.Instant) -> Duration {
            max(usualIntentTime, intentTime * exp2(-(max(.zero, now - intentTimeAt) / .seconds(20))))
        }
        /// Lanes whose slots are being missed: since when, and the last time.
        var missed: [Int64: (since: ContinuousClock.Instant, last: ContinuousClock.Instant)] = [:]
        /// Since when the database has answered every heartbeat.
        var steadySince: ContinuousClock.Instant?
        var isAway = false
        var isTimelineMoved = false
        var isTurnFailing = false
    }

    private static let memory: Duration = .seconds(60)
    private let state = Mutex(State())

    var stop: Stop { state.withLock { $0.stop } }
    func stop(_ how: Stop) { state.withLock { $0.stop = max($0.stop, how) } }

    var worker: Int64? { state.withLock { $0.worker } }
    var inFlight: Int { state.withLock { $0.flights.count } }
    /// Attempts whose slot is still to come.
    var waiting: Int { state.withLock { $0.waiting } }

    func holds(_ id: Int64) -> Bool { state.withLock { $0.flights[id] != nil } }
    func begin(_ attempts: [Attempt]) {
        state.withLock { state in
            for attempt in attempts {
                let isWaiting = attempt.slot?.opens != nil
                state.flights[attempt.id] = Flight(isWaiting: isWaiting)
                if isWaiting { state.waiting += 1 }
            }
        }
    }
    /// Their slots are near.
    func release(_ attempts: some Sequence<Attempt>) {
        state.withLock { state in
            for attempt in attempts where state.flights[attempt.id]?.isWaiting == true {
                state.flights[attempt.id]?.isWaiting = false
                state.waiting -= 1
            }
        }
    }
    func end(_ ids: some Sequence<Int64>) {
        state.withLock { state in
            for id in ids { if state.flights.removeValue(forKey: id)?.isWaiting == true { state.waiting -= 1 } }
        }
    }

    /// - Parameter isPaced: a slot waited for them. Where none did, the longest says nothing: the next has no slot to miss either.
    func intentTook(_ time: Duration, isPaced: Bool, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            state.usualIntentTime += (time - state.usualIntentTime) / 16
            guard isPaced else { return }
            state.intentTime = max(time, state.fadedIntentTime(now))
            state.intentTimeAt = now
        }
    }
    func intentLead(within range: ClosedRange<Duration>, now: ContinuousClock.Instant = .now) -> Duration {
        state.withLock { min(range.upperBound, max(range.lowerBound, $0.fadedIntentTime(now) * 1.5)) }
    }

    /// A slot of a lane has been missed: whether its lane has got nothing through for so long that it is served late rather than not at all.
    func isStarving(_ lane: Int64, after starvation: Duration, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            // One that was missed long ago, after which nothing came, says nothing. Long: with a slow database, much time lies between two.
            let known = state.missed[lane].flatMap { now - $0.last <= Self.memory ? $0.since : nil }
            if known == nil, state.missed.count >= 4096 { state.missed = state.missed.filter { now - $0.value.last <= Self.memory } }
            let since = known ?? now
            state.missed[lane] = (since, now)
            return now - since > starvation
        }
    }
    /// A lane has got something through in time.
    func isServed(_ lane: Int64) { state.withLock { if !$0.missed.isEmpty { $0.missed[lane] = nil } } }

    /// Whether a turn failed where the one before it did not.
    func turned(failed: Bool) -> Bool {
        state.withLock { state in
            defer { state.isTurnFailing = failed }
            return failed && !state.isTurnFailing
        }
    }

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

    /// Whether the server writes another history than the one the work belongs to.
    var isTimelineMoved: Bool { state.withLock { $0.isTimelineMoved } }
    /// Sets it; returns what it was.
    func timelineMoved(_ moved: Bool) -> Bool {
        state.withLock { state in
            defer { state.isTimelineMoved = moved }
            return state.isTimelineMoved
        }
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
