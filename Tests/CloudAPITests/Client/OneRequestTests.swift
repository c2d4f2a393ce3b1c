import AsyncHTTPClient
import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import CloudAPI

/// The first invariant: one call is at most one request, and `notSent` is said only when not one byte of the body has left.
@Suite struct OneRequestTests {
    private func numbered(_ number: Int, padding: Int = 0) -> JSONValue {
        ["to": "+1", "biz_opaque_callback_data": .string("<\(number)>"), "padding": .string(String(repeating: "x", count: padding))]
    }

    /// How often the body of a call arrived, in full or in part.
    private func arrivals(of number: Int, at server: SocketServer) -> (whole: Int, partial: Int) {
        let seen = server.seen
        return (seen.requests.count { $0.body.contains("<\(number)>") }, seen.partialBodies.count { $0.contains("<\(number)>") })
    }

    /// Said once, when all of it is out and before its answer; of what never left, nothing is said.
    @Test func whatIsWrittenIsSaidOnceAndBeforeItsAnswer() async throws {
        let written = Mutex(0)
        let seen = Mutex([Int]())
        let server = SocketServer { _ in
            seen.withLock { seen in written.withLock { seen.append($0) } }
            return .answer(200, ClientRig.accepted)
        }
        try await ClientRig.with(server) { client in
            for number in 1...20 {
                let outcome = await client.send(numbered(number), from: "106", token: ClientRig.token) { written.withLock { $0 += 1 } }
                #expect(outcome.kind == "success" && written.withLock { $0 } == number)
            }
        }
        // The whole request was out before the server could answer it, so that all before it were counted at least.
        #expect(seen.withLock { zip($0, 0..<20).allSatisfy { $0 >= $1 } })
        try await ClientRig.with(baseURL: "http://127.0.0.1:\(try await ClientRig.closedPort())") { client in
            let outcome = await client.send(numbered(21), from: "106", token: ClientRig.token) { written.withLock { $0 += 1 } }
            #expect(outcome.kind == "notSent" && written.withLock { $0 } == 20)
        }
    }

    /// The server ends a kept connection without an announcement, just as the next request may be on its way.
    @Test func aKeptConnectionThatEndsMeanwhileIsNotMadeUpForByASecondRequest() async throws {
        let server = SocketServer { _ in .answerThenClose(200, ClientRig.accepted) }
        try await ClientRig.with(server) { client in
            for number in 1...300 {
                let outcome = await client.send(numbered(number), from: "106", token: ClientRig.token)
                let (whole, partial) = arrivals(of: number, at: server)
                #expect(whole <= 1)
                switch outcome {
                case .success: #expect(whole == 1)
                case .notSent: #expect(whole == 0 && partial == 0, "\(number): \(outcome.summary)")
                case .ambiguous: break
                case .refused: Issue.record("\(number): \(outcome.summary)")
                }
            }
        }
    }

    /// The kept connection dies under the second request, after it was read: nobody may repeat that request.
    @Test(arguments: [true, false]) func aRequestLostOnAKeptConnectionIsNotRepeated(resets: Bool) async throws {
        let server = SocketServer { request in
            if request.number == 1 { return .answer(200, ClientRig.accepted) }
            return resets ? .reset : .close
        }
        try await ClientRig.with(server) { client in
            #expect(await client.send(numbered(1), from: "106", token: ClientRig.token).kind == "success")
            #expect(await client.send(numbered(2), from: "106", token: ClientRig.token).kind == "ambiguous")
        }
        #expect(server.seen.connections == 1, "the second request did not go over the kept connection")
        #expect(server.seen.requests.map(\.connection) == [1, 1])
    }

    @Test(arguments: [SocketServer.Break.onAccept, .onFirstBytes, .onHead], [0, 5 << 20])
    func aConnectionThatEndsEarlyIsCalledUnsentOnlyWhenNothingArrived(breaks: SocketServer.Break, padding: Int) async throws {
        let server = SocketServer(breaks: { _ in breaks }) { _ in .answer(200, ClientRig.accepted) }
        try await ClientRig.with(server) { client in
            for number in 1...10 {
                let outcome = await client.send(numbered(number, padding: padding), from: "106", token: ClientRig.token)
                let (whole, partial) = arrivals(of: number, at: server)
                #expect(whole == 0 && partial <= 1)
                #expect(["ambiguous", "notSent"].contains(outcome.kind))
                if outcome.kind == "notSent" { #expect(partial == 0) }
            }
        }
        // Each call opened at most one connection that carried anything.
        #expect(server.seen.requests.isEmpty)
    }

    /// Many calls at once against a server with every bad habit. Seeded, so that the habits are the same each time.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func whateverTheServerDoesEachCallArrivesAtMostOnce(seed: UInt64) async throws {
        let server = SocketServer(
            breaks: { connection in
                var random = SeededRandom(seed: seed &* 1_000_003 &+ UInt64(connection))
                return [.never, .never, .never, .onAccept, .onFirstBytes, .onHead].randomElement(using: &random) ?? .never
            },
            { request in
                var random = SeededRandom(seed: seed &* 7_000_003 &+ UInt64(request.number))
                let replies: [SocketServer.Reply] = [
                    .answer(200, ClientRig.accepted), .answer(200, ClientRig.accepted), .answerThenClose(200, ClientRig.accepted), .close,
                    .reset,
                    .answer(500, ""), .answer(400, #"{"error":{"code":100,"message":"x"}}"#), .raw("HTTP/1.1 200 OK\r\n", thenClose: true),
                ]
                return replies.randomElement(using: &random) ?? .close
            })
        try await ClientRig.with(server, timeout: .seconds(10)) { client in
            await withTaskGroup(of: (Int, GraphOutcome<SendAnswer>).self) { group in
                for number in 1...200 {
                    group.addTask { (number, await client.send(numbered(number), from: "106", token: ClientRig.token)) }
                }
                for await (number, outcome) in group {
                    let (whole, partial) = arrivals(of: number, at: server)
                    #expect(whole + partial <= 1, "call \(number) arrived \(whole) times and \(partial) in part")
                    if case .notSent = outcome { #expect(whole == 0 && partial == 0, "call \(number): \(outcome.summary)") }
                    if outcome.kind == "success" || outcome.kind == "refused" { #expect(whole == 1, "call \(number): \(outcome.summary)") }
                }
            }
        }
        #expect(!server.seen.requests.isEmpty)
    }

    /// A call that finds no free connection in time has sent nothing, and must be called that: it may be tried again.
    @Test func aCallThatOnlyWaitedForAConnectionIsUnsent() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = SocketServer { _ in
            arrived.yield()
            return .silence
        }
        try await ClientRig.with(server) { client in
            let busy = (1...8).map { number in Task { await client.send(numbered(number), from: "106", token: ClientRig.token) } }
            var count = 0
            for await _ in arrivals {
                count += 1
                if count == busy.count { break }
            }
            var hasty = client.configuration
            hasty.sendTimeout = .milliseconds(200)
            let late = GraphClient(configuration: hasty, httpClient: client.http, logger: client.logger)
            #expect(await late.send(numbered(9), from: "106", token: ClientRig.token).kind == "notSent")
            for call in busy { call.cancel() }
            for call in busy { #expect(await call.value.kind == "ambiguous") }
        }
        #expect(server.seen.requests.count == 8)
    }

    @Test func theMarkIsSetOnceTheBodyIsAskedForAndNotBefore() {
        let mark = WriteMark()
        let body = mark.body(ByteBuffer(bytes: [1, 2, 3]))
        #expect(body.contentLength == 3 && !mark.isSet, "making a request must not count as writing it")
        let loop = EmbeddedEventLoop()
        let written = body.stream(
            HTTPClient.Body.StreamWriter { part in
                #expect(mark.isSet && part == .byteBuffer(ByteBuffer(bytes: [1, 2, 3])))
                return loop.makeSucceededVoidFuture()
            })
        #expect(throws: Never.self) { try written.wait() }
        #expect(mark.isSet)
    }

    /// The head and the body of a request go to the socket together.
    @Test func whatIsFlushedInOneTurnGoesAtOnce() throws {
        let flushes = FlushCount()
        let channel = EmbeddedChannel(handlers: [flushes, FlushOnce()])
        defer { _ = try? channel.finish() }
        for _ in 0..<2 {
            channel.write(ByteBuffer(string: "head"), promise: nil)
            channel.flush()
            channel.writeAndFlush(ByteBuffer(string: "body"), promise: nil)
            channel.flush()
            channel.embeddedEventLoop.run()
        }
        #expect(flushes.count == 2)
        // Nothing that was to be flushed is left behind by an end.
        channel.writeAndFlush(ByteBuffer(string: "last"), promise: nil)
        channel.close(promise: nil)
        #expect(flushes.count == 3)
    }

    private final class FlushCount: ChannelOutboundHandler {
        typealias OutboundIn = Any
        var count = 0
        func flush(context: ChannelHandlerContext) {
            count += 1
            context.flush()
        }
    }

    /// Addresses are remembered, and what is no address stays none.
    @Test func anAddressIsTakenApartOnce() throws {
        let book = AddressBook()
        for _ in 0..<2 {
            var request = try book.post(to: "http://127.0.0.1:8080/v25.0/106/messages")
            #expect(request.url.path == "/v25.0/106/messages" && request.method == .POST && request.headers.isEmpty && request.body == nil)
            #expect(throws: HTTPClientError.self) { try book.post(to: "ftp://nowhere") }
            #expect(book.count == 1)
            // What one caller adds, the next must not find.
            request.headers.add(name: "Authorization", value: "Bearer of another")
            request.body = .string("of another")
        }
    }
}
