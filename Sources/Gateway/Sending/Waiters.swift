import Foundation
import Synchronization

/// Callers in this process who wait for news of a message. A signal is a hint: what it tells of may not be committed yet, or ever.
final class Waiters: Sendable {
    private struct State {
        var next = 0
        var streams: [UUID: [Int: AsyncStream<Void>.Continuation]] = [:]
    }

    private let state = Mutex(State())

    /// News of a message until `stop` is called with the ticket.
    func start(_ id: UUID) -> (ticket: Int, news: AsyncStream<Void>) {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let ticket = state.withLock { state in
            state.next += 1
            state.streams[id, default: [:]][state.next] = continuation
            return state.next
        }
        return (ticket, stream)
    }

    func stop(_ id: UUID, ticket: Int) {
        state.withLock { state in
            state.streams[id]?[ticket] = nil
            if state.streams[id]?.isEmpty == true { state.streams[id] = nil }
        }
    }

    func signal(_ ids: [UUID]) {
        let waiting = state.withLock { state in
            state.streams.isEmpty ? [] : ids.flatMap { state.streams[$0].map { Array($0.values) } ?? [] }
        }
        for continuation in waiting { continuation.yield() }
    }
}
