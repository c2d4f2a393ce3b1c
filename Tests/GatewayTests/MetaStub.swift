import CloudAPI
import Foundation
import Hummingbird
import Logging
import Synchronization

/// A small Meta: records what is sent to it and answers as the test says.
final class MetaStub: Sendable {
    struct Request: Sendable {
        var number: Int
        var path: String
        var body: JSONValue
        var to: String { body["to"]?.string ?? body["recipient"]?.string ?? "" }
        var callback: String { body["biz_opaque_callback_data"]?.string ?? "" }
        var hash: String? { body["recipient_identity_key_hash"]?.string }
    }

    enum Reply: Sendable {
        case accept
        case error(Int, code: Int)
        case raw(Int, String)
        /// Takes the request and ends the connection without an answer.
        case drop
    }

    private let requests = Mutex<[Request]>([])
    /// What it answers to reads, by path; 404 to others.
    let reads = Mutex<[String: Reply]>([:])
    private let reply: @Sendable (Request) async -> Reply

    init(_ reply: @escaping @Sendable (Request) async -> Reply) { self.reply = reply }

    var seen: [Request] { requests.withLock { $0 } }

    /// The wamid of the n-th request, from 1.
    static func wamid(_ number: Int) -> String { "wamid.\(number)" }

    func run(_ ready: @escaping @Sendable (Int) -> Void) async throws {
        let router = Router()
        router.post("**") { request, _ in try await self.answer(request) }
        router.get("**") { request, _ in
            switch self.reads.withLock({ $0[request.uri.path] }) {
            case .raw(let status, let text)?: Self.json(.init(code: status), text)
            default: Self.json(.notFound, #"{"error":{"message":"(#100) no","type":"GraphMethodException","code":100}}"#)
            }
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in ready(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "meta") { _ in SwiftLogNoOpLogHandler() })
        try await application.run()
    }

    private func answer(_ request: Hummingbird.Request) async throws -> Response {
        var request = request
        let body = try await request.collectBody(upTo: 1 << 20)
        let json = try JSONValue(parsing: Array(body.readableBytesView))
        let recorded = requests.withLock { requests in
            let recorded = Request(number: requests.count + 1, path: request.uri.path, body: json)
            requests.append(recorded)
            return recorded
        }
        switch await reply(recorded) {
        case .accept:
            let digits = String(recorded.to.drop { $0 == "+" })
            return Self.json(
                .ok,
                #"{"messaging_product":"whatsapp","contacts":[{"input":"\#(recorded.to)","wa_id":"\#(digits)"}],"#
                    + #""messages":[{"id":"\#(Self.wamid(recorded.number))"}]}"#
            )
        case .error(let status, let code):
            return Self.json(
                .init(code: status), #"{"error":{"message":"(#\#(code)) no","type":"OAuthException","code":\#(code),"odd":"kept"}}"#)
        case .raw(let status, let text): return Self.json(.init(code: status), text)
        case .drop:
            struct Dropped: Error {}
            return Response(status: .ok, headers: [.contentLength: "100"], body: ResponseBody(contentLength: 100) { _ in throw Dropped() })
        }
    }

    private static func json(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
