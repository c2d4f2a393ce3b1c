import AsyncHTTPClient
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Synchronization

/// Puts one answer together on the event loop of its request.
///
/// The HTTP client's asynchronous interface makes a sequence of the parts, which took 7 of the 90 µs of CPU of a request more than this.
final class AnswerCollector: HTTPClientResponseDelegate {
    /// The answer was longer than `limit` bytes.
    struct TooLarge: Error {}

    private struct State {
        var head: HTTPResponseHead?
        var body = ByteBuffer()
        var isWritten = false
    }

    private let limit: Int
    private let mark: WriteMark
    private let whenWritten: (@Sendable () -> Void)?
    private let state = Mutex(State())

    /// - Parameter whenWritten: called once, when all of the request is written to the socket or its answer begins.
    init(limit: Int, mark: WriteMark, whenWritten: (@Sendable () -> Void)?) {
        self.limit = limit
        self.mark = mark
        self.whenWritten = whenWritten
    }

    func didSendRequest(task: HTTPClient.Task<GraphResponse>) { written() }

    private func written() {
        guard let whenWritten else { return }
        let isFirst = state.withLock { state in
            defer { state.isWritten = true }
            return !state.isWritten
        }
        if isFirst { whenWritten() }
    }

    func didReceiveHead(task: HTTPClient.Task<GraphResponse>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        // It answers before it has the body: it has something, and nobody knows what it did with that.
        mark.set()
        // An answer can overtake the client's own word that all of the request is out.
        written()
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<GraphResponse>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { state in
            guard state.body.readableBytes + part.readableBytes <= limit else { return false }
            if state.body.readableBytes == 0 {
                state.body = part
            } else {
                state.body.writeImmutableBuffer(part)
            }
            return true
        }
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(TooLarge())
    }

    func didFinishRequest(task: HTTPClient.Task<GraphResponse>) throws -> GraphResponse {
        let state = state.withLock { $0 }
        guard let head = state.head else { throw HTTPClientError.remoteConnectionClosed }
        return GraphResponse(
            status: Int(head.status.code), body: Data(buffer: state.body), contentType: head.headers.first(name: "Content-Type"),
            usage: GraphUsage(
                appUsage: head.headers.first(name: "X-App-Usage"), businessUsage: head.headers.first(name: "X-Business-Use-Case-Usage")))
    }
}
