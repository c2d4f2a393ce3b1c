import AsyncHTTPClient
import Synchronization

/// Ends the requests whose time is over, body included. One look ten times a second for all of them: a timer for each would cost a tenth of a
/// request, and nearly none ever fires.
final class RequestDeadlines: Sendable {
    private struct Entry {
        let end: ContinuousClock.Instant
        let fail: @Sendable () -> Void
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        var next: UInt64 = 0
        var isWatched = false
    }

    private let state = Mutex(State())

    /// The answer to a request that is under way. Fails the request with `HTTPClientError.deadlineExceeded` at most 0.1 s after `end`.
    func answer<Answer: Sendable>(of request: HTTPClient.Task<Answer>, until end: ContinuousClock.Instant) async throws -> Answer {
        let (id, isFirst) = state.withLock { state in
            state.next += 1
            state.entries[state.next] = Entry(end: end) { request.fail(reason: HTTPClientError.deadlineExceeded) }
            defer { state.isWatched = true }
            return (state.next, !state.isWatched)
        }
        if isFirst { Task.detached { [self] in await watch() } }
        defer { state.withLock { $0.entries[id] = nil } }
        return try await withTaskCancellationHandler {
            try await request.get()
        } onCancel: {
            request.cancel()
        }
    }

    /// Ends when nothing is under way.
    private func watch() async {
        while true {
            try? await Task.sleep(for: .milliseconds(100))
            let now = ContinuousClock.now
            let (over, isDone) = state.withLock { state in
                let over = state.entries.filter { $0.value.end <= now }
                for id in over.keys { state.entries[id] = nil }
                if state.entries.isEmpty { state.isWatched = false }
                return (over.values.map(\.fail), state.entries.isEmpty)
            }
            for fail in over { fail() }
            if isDone { return }
        }
    }
}
