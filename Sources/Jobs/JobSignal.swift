import Synchronization

/// Tells engines and `JobHints` of this process that something was enqueued, once that is committed. Only a hint.
enum JobSignal {
    private struct State {
        var next = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }

    private static let state = Mutex(State())

    static func raise() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener() }
    }

    static func add(_ listener: @escaping @Sendable () -> Void) -> Int {
        state.withLock {
            $0.next += 1
            $0.listeners[$0.next] = listener
            return $0.next
        }
    }

    static func remove(_ id: Int) { state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
}
