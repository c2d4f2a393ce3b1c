import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A Meta that answers as it is told, and remembers what it was asked.
final class FakeMeta: Sendable {
    struct Asked: Sendable {
        var method: String
        var path: String
        var authorization: String?
        var body: String
    }

    private struct State {
        var asked: [Asked] = []
        var port: Int?
        var refusal: (status: Int, body: String)?
        var silent = false
        var waiters: [CheckedContinuation<Int, Never>] = []
    }

    private let state = Mutex(State())

    var asked: [Asked] { state.withLock { $0.asked } }
    func refuse(_ status: Int, _ body: String) { state.withLock { $0.refusal = (status, body) } }
    func accept() {
        state.withLock {
            $0.refusal = nil; $0.silent = false
        }
    }
    /// No answer to a send from now on.
    func fallSilent() { state.withLock { $0.silent = true } }

    func baseURL() async -> String {
        let port = await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Int? in
                if state.port == nil { state.waiters.append(continuation) }
                return state.port
            }
            if let known { continuation.resume(returning: known) }
        }
        return "http://127.0.0.1:\(port)"
    }

    func run() async throws {
        let router = Router()
        router.post("/v25.0/{id}/messages") { [self] request, context in
            let body = String(buffer: try await request.body.collect(upTo: 1 << 20))
            let (count, refusal, silent) = state.withLock { state in
                state.asked.append(
                    Asked(
                        method: "POST", path: request.uri.path, authorization: request.headers[.authorization], body: body))
                return (state.asked.count, state.refusal, state.silent)
            }
            if body.contains(#""status":"read""#) { return Self.json(#"{"success":true}"#) }
            if silent { try await Task.sleep(for: .seconds(600)) }
            if let refusal { return Self.json(refusal.body, HTTPResponse.Status(code: refusal.status)) }
            let to = body.firstMatch(of: /"to":"\+?(\d+)"/)?.1 ?? "0"
            return Self.json(
                #"{"messaging_product":"whatsapp","contacts":[{"input":"+\#(to)","wa_id":"\#(to)"}],"messages":[{"id":"wamid.\#(count)"}]}"#
            )
        }
        router.post("/v25.0/{id}/media") { [self] request, _ in
            _ = try await request.body.collect(upTo: 1 << 20)
            note(request)
            return Self.json(#"{"id":"777"}"#)
        }
        router.get("/v25.0/777") { [self] request, _ in
            note(request)
            let base = await baseURL()
            return Self.json(
                #"{"messaging_product":"whatsapp","url":"\#(base)/blob/777","mime_type":"image/png","sha256":"x","file_size":3,"id":"777"}"#
            )
        }
        router.delete("/v25.0/777") { [self] request, _ in
            note(request)
            return Self.json(#"{"success":true}"#)
        }
        router.get("/blob/777") { [self] request, _ in
            note(request)
            return Response(status: .ok, headers: [.contentType: "image/png"], body: .init(byteBuffer: ByteBuffer(string: "PNG")))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [self] channel in
                let port = channel.localAddress?.port ?? 0
                let waiters = state.withLock { state in
                    state.port = port
                    defer { state.waiters = [] }
                    return state.waiters
                }
                for waiter in waiters { waiter.resume(returning: port) }
            }, logger: Logger(label: "meta") { _ in SwiftLogNoOpLogHandler() })
        try await application.run()
    }

    private func note(_ request: Request) {
        state.withLock {
            $0.asked.append(
                Asked(
                    method: request.method.rawValue, path: request.uri.string, authorization: request.headers[.authorization], body: ""))
        }
    }

    private static func json(_ text: String, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
