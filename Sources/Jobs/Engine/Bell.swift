import Synchronization

/// Wakes one waiting loop; rings before the wait count, several rings are one.
final class Bell: Sendable {
    private struct State {
        var rung = false
        var ticket = 0
        /// The ticket whose time was over before it began to wait.
        var expired = 0
        var waiter: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let waiter = state.waiter else {
                state.rung = true
                return nil
            }
            state.waiter = nil
            return waiter
        }?.resume(returning: true)
    }

    /// Forgets a ring that nobody has waited for.
    func silence() { state.withLock { $0.rung = false } }

    /// Whether it rang before the time was over. One waiter at a time.
    func wait(atMost time: Duration) async -> Bool {
        let ticket = state.withLock { state -> Int in
            state.ticket += 1
            return state.ticket
        }
        let timer = Task { [self] in
            // Cancelled when the bell has rung: then there is nobody to wake.
            guard (try? await Task.sleep(for: time)) != nil else { return }
            giveUp(ticket)
        }
        let rang = await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.rung {
                    state.rung = false
                    return true
                }
                if state.expired == ticket { return false }
                state.waiter = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        timer.cancel()
        return rang
    }

    private func giveUp(_ ticket: Int) {
        state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard state.ticket == ticket else { return nil }
            state.expired = ticket
            defer { state.waiter = nil }
            return state.waiter
        }?.resume(returning: false)
    }
}
