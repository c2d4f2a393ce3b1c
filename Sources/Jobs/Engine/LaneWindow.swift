import DequeModule
import Synchronization

/// What this process has begun and done of one lane within a second.
///
/// The last look at a slot is not the last moment that can be late. A process that stands still between it and the socket lets go at once what
/// was dealt out over all that time, and a second that begins there has that much too many in it. What has gone cannot be called back, but
/// what is still to go in that second can: it is let through only while no more has gone than was dealt out for the second.
///
/// Looked at are shorter times as well: other processes have slots of the lane too, and this one's next may come when the second is over.
/// Not much shorter ones, because a slot left unused makes up for all that was late within the time before it. Of all lengths between, because
/// those of late sends are short: with four of them, 1,000, 870, 730 and 610 ms, and 50 slots claimed at once, 5 of 12 simulated runs of four
/// processes that stood still now and then had more than 1,010 in a second; with these and 20 slots none, at 0.6 % of the slots instead of 0.45 %.
final class LaneWindow: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        /// Slots that came up, used or not, in order.
        var slots: Deque<Instant> = []
        /// When what was let through took effect, in order.
        var effects: Deque<Instant> = []
        /// Let through, without an effect yet: since when, by attempt. As many as the lane may have running.
        var underWay: [Int64: Instant] = [:]
        /// How much later than their slots effects come, on average over some seconds.
        var delay: Duration = .zero
        /// When slots of the lane were last dealt to this process.
        var dealt = Instant.now

        mutating func cameUp(_ slot: Slot, _ now: Instant) {
            // Some come up late, behind those that are in time.
            slots.append(max(slot.at, slots.last ?? slot.at))
            let oldest = now - LaneWindow.second
            while let first = effects.first, first <= oldest { effects.removeFirst() }
            while let first = slots.first, first <= oldest - slot.slack - LaneWindow.mostDelay { slots.removeFirst() }
        }

        /// What has gone, or may go any moment, since `start`. What has been on its way for longer waits for something else than a thread.
        func gone(since start: Instant) -> Int { effects.count(after: start) + underWay.values.count { $0 > start } }

        /// Whether as much has gone, within one of the times looked at, as slots came up for it.
        /// - Parameter before: how long before that time a slot may lie whose effect falls into it.
        func isFull(_ now: Instant, before: Duration) -> Bool {
            var began = [Int](repeating: 0, count: LaneWindow.lengths.count)
            for since in underWay.values {
                if let place = LaneWindow.lengths.firstIndex(where: { $0 > now - since }) { began[place] += 1 }
            }
            var onTheirWay = 0
            for (length, began) in zip(LaneWindow.lengths, began) {
                onTheirWay += began
                let gone = onTheirWay + effects.count(after: now - length)
                if gone >= max(1, slots.count(after: now - length - before)) { return true }
            }
            return false
        }

        mutating func tookEffect(_ slot: Slot, _ now: Instant) {
            let share = min(1.0 / 16, (now - (effects.last ?? now)) / .seconds(4))
            delay += (min(max(.zero, now - slot.at), .seconds(1)) - delay) * share
            effects.append(max(now, effects.last ?? now))
        }
    }

    private static let second: Duration = .seconds(1)
    /// The times looked at: up to a second, the shortest first, as `isFull` needs them.
    private static let lengths: [Duration] = (16...40).map { .milliseconds($0 * 25) }
    /// A delay that is always there bunches nothing, and would have slots refused for nothing; but if it ends, what was late meets what is not.
    private static let mostDelay: Duration = .milliseconds(10)
    private let state = Mutex(State())

    /// The slot of an attempt has come up, in time: whether it may be used. Where nothing has gone, one always may: a slot that has no end may
    /// have come up long ago.
    func begin(_ attempt: Int64, _ slot: Slot, now: Instant = .now) -> Bool {
        state.withLock { state in
            state.cameUp(slot, now)
            let before = slot.slack + min(state.delay, Self.mostDelay)
            let isFull = state.isFull(now, before: before)
            if !isFull { state.underWay[attempt] = now }
            return !isFull
        }
    }

    /// The slot of an attempt is over, and the lane has got nothing through for long: whether it may go all the same. No more go in a second
    /// than the whole lane has slots in one.
    func beginLate(_ attempt: Int64, _ slot: Slot, now: Instant = .now) -> Bool {
        state.withLock { state in
            state.cameUp(slot, now)
            guard state.gone(since: now - Self.second) < max(1, Int(Self.second / slot.interval)) else { return false }
            state.underWay[attempt] = now
            return true
        }
    }

    /// The slot of an attempt has come up and is not used.
    func skip(_ slot: Slot, now: Instant = .now) { state.withLock { $0.cameUp(slot, now) } }

    /// What was let through is out.
    func tookEffect(_ attempt: Int64, _ slot: Slot, now: Instant = .now) {
        state.withLock { if $0.underWay.removeValue(forKey: attempt) != nil { $0.tookEffect(slot, now) } }
    }

    /// What was let through had no effect.
    func ended(_ attempt: Int64) { state.withLock { _ = $0.underWay.removeValue(forKey: attempt) } }

    var underWay: Int { state.withLock { $0.underWay.count } }

    fileprivate func deal(_ now: Instant) { state.withLock { $0.dealt = now } }
    fileprivate func isForgotten(_ now: Instant) -> Bool {
        state.withLock { $0.underWay.isEmpty && now - $0.dealt > LaneWindows.age }
    }
}

/// The windows of the lanes that slots were dealt in lately.
final class LaneWindows: Sendable {
    /// Longer than slots are dealt out ahead, so that a lane never has two.
    fileprivate static let age: Duration = .seconds(60)

    private struct State {
        var windows: [Int64: LaneWindow] = [:]
        /// With so many, those that are no longer needed are looked for.
        var many = 256
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.windows.count } }
    var underWay: Int { state.withLock { $0.windows.values.reduce(0) { $0 + $1.underWay } } }

    /// The window of a lane that is being dealt a slot.
    func deal(_ lane: Int64, now: ContinuousClock.Instant = .now) -> LaneWindow {
        state.withLock { state in
            if let window = state.windows[lane] {
                window.deal(now)
                return window
            }
            if state.windows.count >= state.many {
                state.windows = state.windows.filter { !$0.value.isForgotten(now) }
                state.many = max(256, state.windows.count * 2)
            }
            let window = LaneWindow()
            window.deal(now)
            state.windows[lane] = window
            return window
        }
    }
}

extension Deque<ContinuousClock.Instant> {
    /// Those after a moment, where they are in order.
    fileprivate func count(after moment: ContinuousClock.Instant) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        return endIndex - low
    }
}
