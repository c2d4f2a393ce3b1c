import CLibPQ
import Dispatch
import Synchronization

/// Stops the statement a connection is running, on the server.
///
/// `PQcancel` blocks, so it runs on a thread of its own; the connection waits for that thread before its next statement, or the cancel
/// could hit the wrong one.
final class Canceller: Sendable {
    /// `@unchecked Sendable`: libpq documents PQcancel as safe from any thread, and the pointer is freed only with its last owner.
    private final class Key: @unchecked Sendable {
        let pointer: OpaquePointer
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { PQfreeCancel(pointer) }
    }

    private struct State {
        var key: Key?
        var current: UInt64 = 0
        var next: UInt64 = 0
        var sent = false
    }

    private let state = Mutex(State())
    private let finished = DispatchSemaphore(value: 0)

    /// Called when the connection is up; before that there is nothing to stop.
    func attach(to connection: OpaquePointer) {
        let key = PQgetCancel(connection).map(Key.init)
        state.withLock { $0.key = key }
    }

    /// A number for the statement about to run.
    func ticket() -> UInt64 {
        state.withLock {
            $0.next += 1; return $0.next
        }
    }

    func begin(_ ticket: UInt64) {
        state.withLock {
            $0.current = ticket; $0.sent = false
        }
    }

    /// Called when the answer is there; blocks until a cancel under way has been delivered.
    func end() {
        let wait = state.withLock { state in
            state.current = 0
            return state.sent
        }
        if wait { finished.wait() }
    }

    /// Asks the server to stop the statement with this ticket; nothing happens when it is not the one running.
    func cancel(_ ticket: UInt64) {
        let key = state.withLock { state -> Key? in
            guard state.current == ticket, !state.sent, let key = state.key else { return nil }
            state.sent = true
            return key
        }
        guard let key else { return }
        DispatchQueue.global().async { [finished] in
            var reason = [CChar](repeating: 0, count: 256)
            _ = PQcancel(key.pointer, &reason, Int32(reason.count))
            finished.signal()
        }
    }
}
