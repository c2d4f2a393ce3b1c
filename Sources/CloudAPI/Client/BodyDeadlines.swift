import AsyncHTTPClient
import Synchronization

/// Ends the reading of answers whose time is over. One look ten times a second for all of them: a timer for each would cost a tenth of a
/// request, and nearly none ever fires.
final class BodyDeadlines: Sendable {
    private struct Reading {
        let end: ContinuousClock.Instant
        let cancel: @Sendable () -> Void
    }

    private struct State {
        var readings: [UInt64: Reading] = [:]
        var next: UInt64 = 0
        var isWatched = false
    }

    private let state = Mutex(State())

    /// Returns what `body` returns. Throws `HTTPClientError.deadlineExceeded` when it was cancelled because `end` had passed by up to 0.1 s.
    func run<Value: Sendable>(
        until end: ContinuousClock.Instant, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await body() }
        let (id, isFirst) = state.withLock { state in
            state.next += 1
            state.readings[state.next] = Reading(end: end) { task.cancel() }
            defer { state.isWatched = true }
            return (state.next, !state.isWatched)
        }
        if isFirst { Task.detached { [self] in await watch() } }
        do {
            let value = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
            forget(id)
            return value
        } catch {
            // Who is no longer listed was cancelled by the watch.
            throw forget(id) ? error : HTTPClientError.deadlineExceeded
        }
    }

    @discardableResult private func forget(_ id: UInt64) -> Bool {
        state.withLock { $0.readings.removeValue(forKey: id) != nil }
    }

    /// Ends when nothing is being read.
    private func watch() async {
        while true {
            try? await Task.sleep(for: .milliseconds(100))
            let now = ContinuousClock.now
            let (over, isDone) = state.withLock { state in
                let over = state.readings.filter { $0.value.end <= now }
                for id in over.keys { state.readings[id] = nil }
                if state.readings.isEmpty { state.isWatched = false }
                return (Array(over.values), state.readings.isEmpty)
            }
            for reading in over { reading.cancel() }
            if isDone { return }
        }
    }
}
