import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1

@testable import Sandbox

/// A sandbox on a free port, and a caller of it.
struct Rig: Sendable {
    struct Answer: Sendable {
        var status: Int
        var json: JSON
        var text: String
        var headers: [String: String]

        var code: Int? { json["error"]?["code"]?.integer }
        var subcode: Int? { json["error"]?["error_subcode"]?.integer }
    }

    static let waba = "102"
    static let line = "555001"

    let base: String

    /// Runs `body` against a sandbox with one WABA and one number, unless a scenario is given.
    static func with(
        _ scenario: SandboxScenario? = nil, webhook: String? = nil, speed: Double = 0, tokens: [String] = [], logFile: String? = nil,
        kept: Int = 1_000_000, _ body: @Sendable @escaping (Rig) async throws -> Void
    ) async throws {
        let settings = SandboxSettings(
            seed: 7, speed: speed, startAt: Date(timeIntervalSince1970: 1_800_000_000), appSecret: "app-secret", webhookURL: webhook,
            verifyToken: "hush", accessTokens: tokens, scenario: scenario ?? simple, logFile: logFile, keptRequests: kept)
        let server = SandboxServer(settings: settings, logger: Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            let port = try await server.boundPort
            let rig = Rig(base: "http://127.0.0.1:\(port)")
            do {
                try await body(rig)
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    static var simple: SandboxScenario {
        SandboxScenario(
            wabas: [WABASeed(id: waba)], numbers: [NumberSeed(id: line, waba: waba, phone: "+16505550001")],
            templates: [
                TemplateSeed(
                    id: "2001", waba: waba, name: "hello", quality: "UNKNOWN",
                    components: [["type": "BODY", "text": "Hello {{1}}", "example": ["body_text": [["Ana"]]]]]),
                TemplateSeed(id: "2002", waba: waba, name: "plain"), TemplateSeed(id: "2003", waba: waba, name: "asleep", status: "PAUSED"),
            ],
            people: [PersonSeed(phone: "+573001234567", reads: true, windowOpen: true)])
    }

    func call(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil, token: String? = "t-secret-1") async throws -> Answer {
        try await call(method, path, bytes: body?.bytes, type: "application/json", token: token)
    }

    func call(
        _ method: HTTPMethod, _ path: String, bytes body: [UInt8]?, type: String, token: String? = "t-secret-1"
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(body)
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(600))
        let bytes = Array(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        return Answer(
            status: Int(response.status.code), json: (try? JSON(parsing: bytes)) ?? .null, text: String(decoding: bytes, as: UTF8.self),
            headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { a, _ in a }))
    }

    func get(_ path: String) async throws -> Answer { try await call(.GET, "/v25.0" + path) }
    func post(_ path: String, _ body: JSON = [:]) async throws -> Answer { try await call(.POST, "/v25.0" + path, body) }
    func control(_ path: String, _ body: JSON? = nil) async throws -> JSON {
        try await call(body == nil ? .GET : .POST, "/_sandbox" + path, body, token: nil).json
    }

    func text(to: String = "+573001234567", from line: String = line, _ more: [String: JSON] = [:]) async throws -> Answer {
        let body: [String: JSON] = ["messaging_product": "whatsapp", "to": .string(to), "type": "text", "text": ["body": "Hi"]]
        return try await post("/\(line)/messages", .object(body.merging(more) { _, new in new }))
    }

    func template(_ name: String, to: String = "+573001234567", parameters: [String] = [], _ more: [String: JSON] = [:]) async throws
        -> Answer
    {
        var template: [String: JSON] = ["name": .string(name), "language": ["code": "en_US"]]
        if !parameters.isEmpty {
            template["components"] = [
                ["type": "body", "parameters": .array(parameters.map { ["type": "text", "text": .string($0)] })]
            ]
        }
        let body: [String: JSON] = [
            "messaging_product": "whatsapp", "to": .string(to), "type": "template", "template": .object(template),
        ]
        return try await post("/\(Self.line)/messages", .object(body.merging(more) { _, new in new }))
    }

    func advance(_ seconds: Double) async throws { _ = try await control("/clock", ["advance_seconds": .double(seconds)]) }
}
