import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Gateway
import Jobs
import Logging
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

/// A gateway with a database, an engine that runs, and a Meta.
struct Rig: Sendable {
    static let sender = "106540352242922"
    static let waba = "102290129340398"
    let client: PostgresClient
    let gateway: Gateway
    let meta: MetaStub

    static func with(
        mode: IdentityMode = .off, settings: GatewaySettings = GatewaySettings(), sends: Bool = true,
        reply: @escaping @Sendable (MetaStub.Request) async -> MetaStub.Reply = { _ in .accept }, token: String = "token",
        _ body: (Rig) async throws -> Void
    ) async throws {
        try await TestDatabase.with { client in
            let meta = MetaStub(reply)
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await meta.run { port.yield($0) } }
                var found = 0
                for await port in ports {
                    found = port
                    break
                }
                let http = HTTPClient(configuration: GraphClient.httpConfiguration(connections: 16))
                do {
                    try await run(client, meta, found, http, mode, settings, sends, token, body)
                } catch {
                    try? await http.shutdown()
                    group.cancelAll()
                    throw error
                }
                try await http.shutdown()
                // A server that is cancelled while a connection has been accepted and not been looked at yet ends the process (swift-nio, issue
                // 2637). What had connected before this request has been looked at once it is answered.
                _ = try await HTTPClient.shared.get(url: "http://127.0.0.1:\(found)").get()
                group.cancelAll()
            }
        }
    }

    private static func run(
        _ client: PostgresClient, _ meta: MetaStub, _ port: Int, _ http: HTTPClient, _ mode: IdentityMode, _ settings: GatewaySettings,
        _ sends: Bool, _ token: String, _ body: (Rig) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let credentials = CredentialStore(vault: try Vault(keys: [MasterKey.generate()]), client: client)
        try await credentials.add(name: "all", token: Secret(token))
        let graph = GraphClient(configuration: .init(baseURL: "http://127.0.0.1:\(port)"), httpClient: http, logger: logger)
        let gateway = Gateway(client: client, graph: graph, credentials: credentials, settings: settings, logger: logger)
        try await gateway.senders.add(
            NewSenderRecord(phoneNumberID: sender, e164: "+16505550100", wabaID: waba, clientID: "acme", identityMode: mode))
        let rig = Rig(client: client, gateway: gateway, meta: meta)
        guard sends else { return try await body(rig) }
        let engine = JobEngine(client: client, kinds: [gateway.kind], workflows: [], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await engine.run() }
            try await body(rig)
            group.cancelAll()
        }
    }

    // MARK: - Words

    static func text(to: String = "+16315551234", _ body: String = "hello") -> JSONValue {
        ["messaging_product": "whatsapp", "to": .string(to), "type": "text", "text": ["body": .string(body)]]
    }

    func submit(_ body: JSONValue = Rig.text(), _ change: (inout Submission) -> Void = { _ in }) async throws -> Receipt {
        var submission = Submission(sender: Rig.sender, body: body)
        change(&submission)
        return try await gateway.submit(submission)
    }

    func record(_ id: UUID) async throws -> MessageRecord {
        try #require(try await gateway.message(id))
    }

    func reach(_ id: UUID, _ state: MessageState) async throws {
        try await eventually("message is \(state)") { try await record(id).state == state }
    }

    /// Applies statuses as a webhook would.
    func statuses(_ updates: [StatusUpdate]) async throws {
        try await client.withTransaction { db in
            try await gateway.apply(statuses: updates.map { (Rig.sender, $0) }, receivedAt: try await JobQueue.now(on: db), on: db)
        }
    }

    static func status(_ word: String, _ wamid: String, at second: Int = 0, callback: UUID? = nil, code: Int? = nil) -> StatusUpdate {
        var object: JSONObject = [
            "id": .string(wamid), "status": .string(word), "timestamp": .string("\(1_790_000_000 + second)"), "recipient_id": "16315551234",
        ]
        if let callback { object["biz_opaque_callback_data"] = .string("relevo:\(callback.uuidString.lowercased())") }
        if let code { object["errors"] = [["code": JSONValue(code), "title": "no"]] }
        guard let update = StatusUpdate(.object(object)) else { preconditionFailure("a test status has an id and a word") }
        return update
    }
}
