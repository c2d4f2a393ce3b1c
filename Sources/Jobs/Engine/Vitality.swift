import Synchronization

/// Whether this worker may have been taken for dead. Rescuers go by its heartbeat, and so does it: what it held before a gap between two
/// heartbeats that is long enough for a rescue may be somebody else's now, whatever its own lease says. A process that was stopped and
/// goes on must not begin what was rescued meanwhile.
final class Vitality: Sendable {
    private struct State {
        var sentAt: ContinuousClock.Instant?
        var epoch = 0
    }

    private let state = Mutex(State())
    private let staleAfter: Duration

    init(staleAfter: Duration) { self.staleAfter = staleAfter }

    /// A heartbeat was answered now. It was sent before the database noted it, so that gaps are overestimated.
    func beat(sentAt: ContinuousClock.Instant, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if let last = state.sentAt, now - last >= staleAfter { state.epoch += 1 }
            state.sentAt = sentAt
        }
    }

    /// Changes with every gap.
    var epoch: Int { state.withLock { $0.epoch } }

    /// Whether nothing can have been rescued that was held in `epoch`.
    func lasts(since epoch: Int, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in state.epoch == epoch && state.sentAt.map { now - $0 < staleAfter } ?? false }
    }
}
