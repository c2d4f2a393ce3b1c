import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A server on a free port of this machine that sees every byte and may break off wherever a test says.
final class SocketServer: Sendable {
    struct Request: Sendable {
        /// Position among all requests, from 1, and of its connection, from 1.
        var number: Int
        var connection: Int
        var head: String
        var body: String
        var line: String { String(head.prefix { $0 != "\r\n" }) }
        var headers: [String] { head.split(separator: "\r\n").dropFirst().map(String.init) }
    }

    /// When to break off before a whole request is there.
    enum Break: Sendable {
        case never
        /// As soon as the connection stands, without reading.
        case onAccept
        /// When the first bytes are there.
        case onFirstBytes
        /// When the head is there, before the end of the body.
        case onHead
    }

    enum Reply: Sendable {
        case answer(Int, String, headers: [String] = [])
        /// The same, and the connection ends although nothing announced it.
        case answerThenClose(Int, String)
        case raw(String, thenClose: Bool)
        case close
        case reset
        case silence
    }

    struct Seen: Sendable {
        var connections = 0
        var bytes = 0
        var requests: [Request] = []
        /// Bodies that arrived only in part.
        var partialBodies: [String] = []
    }

    private let state = Mutex(Seen())
    private let breaks: @Sendable (Int) -> Break
    private let reply: @Sendable (Request) -> Reply

    init(breaks: @escaping @Sendable (Int) -> Break = { _ in .never }, _ reply: @escaping @Sendable (Request) -> Reply) {
        self.breaks = breaks
        self.reply = reply
    }

    var seen: Seen { state.withLock { $0 } }

    /// Listens while `body` runs; gets the port.
    func run(_ body: (Int) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Connection(server: self)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(channel.localAddress?.port ?? 0)
        } catch {
            try? await channel.close().get()
            throw error
        }
        try? await channel.close().get()
    }

    fileprivate func opened() -> (number: Int, breaks: Break) {
        let number = state.withLock { seen in
            seen.connections += 1
            return seen.connections
        }
        return (number, breaks(number))
    }

    fileprivate func received(_ bytes: Int) { state.withLock { $0.bytes += bytes } }

    fileprivate func partial(_ body: String) { state.withLock { $0.partialBodies.append(body) } }

    fileprivate func answer(_ connection: Int, head: String, body: String) -> Reply {
        let request = state.withLock { seen in
            let request = Request(number: seen.requests.count + 1, connection: connection, head: head, body: body)
            seen.requests.append(request)
            return request
        }
        return reply(request)
    }
}

private final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let server: SocketServer
    private var number = 0
    private var breaks = SocketServer.Break.never
    private var received: [UInt8] = []
    private var isOver = false

    init(server: SocketServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        (number, breaks) = server.opened()
        if case .onAccept = breaks { end(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        received += Array(buffer.readableBytesView)
        server.received(buffer.readableBytes)
        guard !isOver else { return }
        if case .onFirstBytes = breaks { return end(context) }
        while !isOver, let (head, bodyStart, length) = head() {
            if case .onHead = breaks { return end(context) }
            guard received.count >= bodyStart + length else { return }
            let body = String(decoding: received[bodyStart..<bodyStart + length], as: UTF8.self)
            received.removeFirst(bodyStart + length)
            write(server.answer(number, head: head, body: body), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end(context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(context) }

    /// The head that has arrived, where its body begins and how long that will be.
    private func head() -> (String, Int, Int)? {
        guard let end = received.indices.first(where: { received[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
        let head = String(decoding: received[..<end], as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).filter { $0 != " " }) }
        return (head, end + 4, length ?? 0)
    }

    private func write(_ reply: SocketServer.Reply, _ context: ChannelHandlerContext) {
        func text(_ text: String) { context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil) }
        func answer(_ status: Int, _ body: String, _ headers: [String]) -> String {
            (["HTTP/1.1 \(status) X", "Content-Type: application/json", "Content-Length: \(body.utf8.count)"] + headers + ["", body])
                .joined(separator: "\r\n")
        }
        switch reply {
        case .answer(let status, let body, let headers): text(answer(status, body, headers))
        case .answerThenClose(let status, let body):
            text(answer(status, body, []))
            end(context)
        case .raw(let raw, let closes):
            text(raw)
            if closes { end(context) }
        case .close: end(context)
        case .reset:
            // Unsent data is thrown away and the other side gets a reset.
            guard let options = context.channel as? any SocketOptionProvider else { return end(context) }
            options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in self.end(context) }
        case .silence: break
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        if let (_, start, _) = head(), received.count > start { server.partial(String(decoding: received[start...], as: UTF8.self)) }
        context.close(promise: nil)
    }
}
