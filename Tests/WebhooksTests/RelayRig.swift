import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Gateway
import Hummingbird
import Jobs
import Logging
import NIOCore
import Postgres
import Quality
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// A client's system: takes POSTs, or refuses them.
final class ClientSystem: Sendable {
    struct Post: Sendable {
        var path: String
        var signature: String?
        var body: Data
        var value: JSONValue { change["value"] ?? .null }
        var change: JSONValue { json["entry"]?[0]?["changes"]?[0] ?? .null }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        var status: JSONValue? { value["statuses"]?[0] }
    }

    let taken = Mutex<[Post]>([])
    let refused = Mutex(0)
    /// What it answers; 200 takes.
    let answer = Mutex(200)

    func run(_ ready: @escaping @Sendable (Int) -> Void) async throws {
        let router = Router()
        router.post("**") { request, _ in
            var request = request
            let bytes = try await request.collectBody(upTo: 1 << 20)
            let post = Post(
                path: request.uri.path, signature: request.headers[.init("X-Hub-Signature-256")!], body: Data(bytes.readableBytesView))
            let status = self.answer.withLock { $0 }
            if status == 200 { self.taken.withLock { $0.append(post) } } else { self.refused.withLock { $0 += 1 } }
            return Response(status: .init(code: status))
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { ready($0.localAddress?.port ?? 0) }, logger: IntakeRig.logger)
        try await application.run()
    }

    func posts(_ path: String) -> [Post] { taken.withLock { $0.filter { $0.path == path } } }
}

/// Intake, router, relays and an engine on a database, and a client's system.
struct RelayRig: Sendable {
    let client: PostgresClient
    let gateway: Gateway
    let intake: WebhookIntake
    let relays: Relays
    let system: ClientSystem
    let base: String
    static let secret = Secret("the client's own secret")

    func post(_ text: String) async throws {
        let body = Data(text.utf8)
        #expect(try await intake.accept(body: body, signature: Signature.sign(body, secret: IntakeRig.secret)) == .stored)
        try await eventually("routed") { try await intake.counts().pending == 0 }
    }

    func add(_ scope: Relay.Scope, _ id: String, _ path: String, client: String = "acme") async throws -> Relay {
        try await relays.add(scope: scope, id: id, url: base + path, secret: Self.secret, clientID: client, by: "test")
    }

    func wait(_ path: String, _ count: Int) async throws -> [ClientSystem.Post] {
        try await eventually("\(count) POSTs at \(path)") { system.posts(path).count >= count }
        #expect(system.posts(path).count == count)
        return system.posts(path)
    }

    static func with(_ body: @escaping (RelayRig) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let http = HTTPClient(configuration: Relays.httpConfiguration)
            do {
                try await run(client, http, body)
            } catch {
                try? await http.shutdown()
                throw error
            }
        }
    }

    private static func run(_ client: PostgresClient, _ http: HTTPClient, _ body: @escaping (RelayRig) async throws -> Void) async throws {
        let vault = try Vault(keys: [MasterKey.generate()])
        let graph = GraphClient(configuration: .init(baseURL: "http://127.0.0.1:1"), httpClient: http, logger: IntakeRig.logger)
        let gateway = Gateway(
            client: client, graph: graph, credentials: CredentialStore(vault: vault, client: client), settings: GatewaySettings(),
            logger: IntakeRig.logger)
        for number in ["100", "200"] {
            try await gateway.senders.add(
                NewSenderRecord(phoneNumberID: number, e164: "+16505550\(number)", wabaID: "500", clientID: "acme"))
        }
        let intake = WebhookIntake(
            client: client, appSecrets: [IntakeRig.secret], verifyToken: nil,
            owners: WebhookOwners(gateway: gateway, rebuilds: Rebuilds(client: client, gateway: gateway, logger: IntakeRig.logger)),
            logger: IntakeRig.logger)
        let relays = Relays(client: client, vault: vault)
        var settings = EngineSettings()
        settings.idle = .milliseconds(10) ... .milliseconds(20)
        settings.listens = false
        let engine = JobEngine(
            client: client, kinds: [intake.kind, relays.kind(http: http)], workflows: [], settings: settings, logger: IntakeRig.logger)
        let system = ClientSystem()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await system.run { port.yield($0) } }
            var base = ""
            for await port in ports {
                base = "http://127.0.0.1:\(port)"
                break
            }
            let rig = RelayRig(client: client, gateway: gateway, intake: intake, relays: relays, system: system, base: base)
            try await withThrowingTaskGroup(of: Void.self) { work in
                work.addTask { try? await engine.run() }
                try await body(rig)
                work.cancelAll()
            }
            // A server that is cancelled while a connection has been accepted and not been looked at yet ends the process (swift-nio, issue 2637).
            // Nobody connects any more, and what had connected before this request has been looked at once it is answered.
            try await http.shutdown()
            _ = try await HTTPClient.shared.get(url: base).get()
            group.cancelAll()
        }
    }

    static func messages(_ members: String, number: String = "100", waba: String = "500") -> String {
        Body.messages(members, number: number).replacing(#""id":"W1""#, with: #""id":"\#(waba)""#)
    }
}
