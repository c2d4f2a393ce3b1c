import Synchronization

/// The at-most-once attempts whose intents this process has written lately: after a failover that took the last commits back, nobody else
/// knows that they may have been performed.
final class RecentIntents: Sendable {
    private struct Entry {
        var attempt: Int64
        var job: Int64
        var n: Int16
        var at: ContinuousClock.Instant
    }
    private struct State {
        var entries: [Entry] = []
        /// Entries before this place are forgotten.
        var start = 0
    }

    /// A standby that is further behind than this is not one to promote.
    static let kept: Duration = .seconds(600)
    /// 32 bytes each; at a rate that fills them sooner, the oldest go sooner.
    static let most = 200_000

    private let state = Mutex(State())

    /// Called before the intents are committed: too many are no harm, one missing is.
    func add(_ attempts: [Attempt], now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for attempt in attempts {
                state.entries.append(Entry(attempt: attempt.id, job: attempt.jobID, n: Int16(clamping: attempt.number), at: now))
            }
            state.start = max(state.start, state.entries.count - Self.most)
            while state.start < state.entries.count, now - state.entries[state.start].at > Self.kept { state.start += 1 }
            // Moved seldom: each entry is copied once on average.
            if state.start > state.entries.count / 2, state.start > 1000 {
                state.entries.removeFirst(state.start)
                state.start = 0
            }
        }
    }

    /// Those of `ids` that no intent is remembered for.
    func unknown(among ids: [Int64]) -> [Int64] {
        guard !ids.isEmpty else { return [] }
        let known = state.withLock { Set($0.entries[$0.start...].map(\.attempt)) }
        return ids.filter { !known.contains($0) }
    }

    /// What is remembered, oldest first, in pieces of at most `size`; one empty piece when nothing is.
    func pieces(of size: Int) -> [(attempts: [Int64], jobs: [Int64], n: [Int16])] {
        let known = state.withLock { Array($0.entries[$0.start...]) }
        guard !known.isEmpty else { return [([], [], [])] }
        return stride(from: 0, to: known.count, by: size).map { first in
            let piece = known[first..<min(first + size, known.count)]
            return (piece.map(\.attempt), piece.map(\.job), piece.map(\.n))
        }
    }
}
