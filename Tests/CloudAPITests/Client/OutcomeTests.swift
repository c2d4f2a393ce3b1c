import Foundation
import Testing

@testable import CloudAPI

/// Every way a send may end, and what is certain about it. Each is one request, counted at the server.
@Suite struct OutcomeTests {
    private func send(
        _ reply: SocketServer.Reply, timeout: Duration = .seconds(30), expect kind: String, requests: Int = 1,
        _ check: (GraphOutcome<SendAnswer>) -> Void = { _ in }
    ) async throws {
        let server = SocketServer { _ in reply }
        try await ClientRig.with(server, timeout: timeout) { client in
            let outcome = await client.send(ClientRig.message, from: "106", token: ClientRig.token)
            #expect(outcome.kind == kind, "\(outcome.summary)")
            check(outcome)
            #expect(!outcome.summary.contains("EAAG"))
        }
        #expect(server.seen.requests.count == requests)
    }

    @Test func anAcceptedMessage() async throws {
        let body =
            #"{"contacts":[{"input":"+1","wa_id":"1","user_id":"US.1"}],"messages":[{"id":"wamid.9","message_status":"held_for_quality_assessment"}]}"#
        try await send(.answer(200, body), expect: "success") {
            #expect($0.value?.messageID == "wamid.9" && $0.value?.status == .heldForQuality && $0.value?.contacts[0].userID == "US.1")
        }
    }

    @Test(arguments: [400, 401, 403, 404, 429, 500, 503]) func aKnownRefusalIsOneWhateverTheStatus(status: Int) async throws {
        try await send(.answer(status, #"{"error":{"code":131026,"message":"no"}}"#), expect: "refused") {
            #expect($0.error?.code == 131026 && $0.error?.status == status)
        }
    }

    @Test func anErrorInsideA200IsARefusal() async throws {
        try await send(.answer(200, #"{"error":{"code":131047,"message":"no"}}"#), expect: "refused") { #expect($0.error?.code == 131047) }
    }

    @Test(arguments: [
        (500, ""), (502, "<html>bad gateway</html>"), (503, #"{"error":{"code":131016,"message":"down"}}"#), (504, "{}"),
        (500, #"{"error":{"code":131000}}"#), (500, #"{"error":{"code":2}}"#), (500, #"{"error":{"code":999999,"message":"new"}}"#),
        (408, ""),
    ])
    func aServersFailureIsNotKnown(status: Int, body: String) async throws {
        try await send(.answer(status, body), expect: "ambiguous")
    }

    @Test(arguments: ["", "OK", "{", "[]", "{}", #"{"messages":[]}"#, #"{"messages":[{}]}"#, #"{"messages":[{"id":""}]}"#, "\u{FFFD}"])
    func a200ThatCannotBeReadIsNotKnown(body: String) async throws {
        try await send(.answer(200, body), expect: "ambiguous")
    }

    @Test func aRefusalThatIsNoEnvelopeIsARefusalWithoutACode() async throws {
        try await send(.answer(403, "<html>proxy</html>"), expect: "refused") { #expect($0.error != nil && $0.error?.code == nil) }
    }

    @Test func theEndOfTheConnectionAfterTheBodyIsNotKnown() async throws {
        try await send(.close, expect: "ambiguous")
        try await send(.reset, expect: "ambiguous")
        try await send(.raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"messages\":", thenClose: true), expect: "ambiguous")
        try await send(.raw("garbage\r\n\r\n", thenClose: false), expect: "ambiguous")
    }

    @Test func noAnswerInTimeIsNotKnown() async throws {
        try await send(.silence, timeout: .milliseconds(300), expect: "ambiguous") { #expect($0.summary.contains("no answer in time")) }
    }

    /// The answer's head comes in time and its body never ends: the caller gets its answer all the same.
    @Test func aBodyThatNeverEndsIsNotKnown() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"messages\":"
        try await send(.raw(head, thenClose: false), timeout: .milliseconds(300), expect: "ambiguous") {
            #expect($0.summary.contains("no answer in time"))
        }
    }

    @Test func anAnswerBeyondItsBoundIsNotKnown() async throws {
        let padding = String(repeating: "x", count: 1 << 20)
        try await send(.answer(200, #"{"messages":[{"id":"wamid.1"}],"x":"\#(padding)"}"#), expect: "ambiguous") {
            #expect($0.summary.contains("too large"))
        }
        // Without a length, and in pieces.
        let chunk = "10000\r\n" + String(repeating: " ", count: 65536) + "\r\n"
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 20)
        try await send(.raw(chunked, thenClose: false), expect: "ambiguous") { #expect($0.summary.contains("too large")) }
    }

    @Test(arguments: [301, 302, 303, 307, 308]) func noRedirectIsFollowed(status: Int) async throws {
        let server = SocketServer { request in
            request.number == 1 ? .answer(status, "", headers: ["Location: /v25.0/elsewhere/messages"]) : .answer(200, ClientRig.accepted)
        }
        try await ClientRig.with(server) { client in
            let outcome = await client.send(ClientRig.message, from: "106", token: ClientRig.token)
            #expect(outcome.kind != "success" && outcome.kind != "notSent")
        }
        #expect(server.seen.requests.count == 1)
    }

    @Test func aRefusedConnectionIsNotSent() async throws {
        let port = try await ClientRig.closedPort()
        try await ClientRig.with(baseURL: "http://127.0.0.1:\(port)", timeout: .seconds(1)) { client in
            #expect(await client.send(ClientRig.message, from: "106", token: ClientRig.token).kind == "notSent")
            #expect(await client.deregister("106", token: ClientRig.token).kind == "notSent")
        }
    }

    @Test func aCallCancelledWhileItWaitsIsNotKnown() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let server = SocketServer { _ in
            arrived.yield()
            return .silence
        }
        try await ClientRig.with(server) { client in
            let call = Task { await client.send(ClientRig.message, from: "106", token: ClientRig.token) }
            for await _ in arrivals { break }
            call.cancel()
            #expect(await call.value.kind == "ambiguous")
        }
    }

    @Test func anEmptyUploadThatWasSentIsNotCalledUnsent() async throws {
        let server = SocketServer { _ in .close }
        try await ClientRig.with(server) { client in
            let outcome = await client.uploadMedia(body: [], contentType: "image/png", to: "106", token: ClientRig.token)
            #expect(outcome.kind == "ambiguous")
        }
        #expect(server.seen.requests.count == 1)
    }

    @Test func aTokenThatFitsNoHeaderIsNeitherSentNorShown() async throws {
        let server = SocketServer { _ in .answer(200, ClientRig.accepted) }
        try await ClientRig.with(server) { client in
            let token = Secret("EAAG-secret\r\nX-Other: 1")
            let outcome = await client.send(ClientRig.message, from: "106", token: token)
            let read = await client.me(token: token)
            #expect(outcome.kind == "notSent" && read.kind == "notSent")
            #expect(!outcome.summary.contains("EAAG") && !read.summary.contains("EAAG"))
        }
        #expect(server.seen.requests.isEmpty)
    }
}
