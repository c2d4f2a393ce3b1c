import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Gateway
import Jobs
import Logging
import Migration
import NIOCore
import NIOHTTP1
import Postgres
import Quality
import Server
import Templates
import TestSupport
import Webhooks

/// A running server on a port of its own, with a database, a job engine and a fake Meta.
struct Rig: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let phone = "106540352242922"

    let client: PostgresClient
    let meta: FakeMeta
    let http: HTTPClient
    let base: String
    let dependencies: ServerDependencies
    let migrations: Migrations
    let keys: APIKeyStore
    /// Scopes send and read.
    let key: Secret
    let admin: Secret

    static func with(openPages: Bool? = nil, engine: Bool = true, _ body: @Sendable (Rig) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let meta = FakeMeta()
            let http = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await meta.run() }
                    defer { group.cancelAll() }
                    let base = await meta.baseURL()
                    let vault = try Vault(keys: [MasterKey.generate()])
                    let credentials = CredentialStore(vault: vault, client: client)
                    try await credentials.add(name: "meta", token: Secret("EAA-real-token"))
                    let graph = GraphClient(configuration: .init(baseURL: base, version: "v25.0"), httpClient: http, logger: logger)
                    let gateway = Gateway(
                        client: client, graph: graph, credentials: credentials, settings: GatewaySettings(), logger: logger)
                    _ = try await gateway.senders.add(
                        NewSenderRecord(phoneNumberID: phone, e164: "+16505551111", wabaID: "900", clientID: "acme"))
                    _ = try await gateway.senders.add(
                        NewSenderRecord(phoneNumberID: "2065403", e164: "+16505552222", wabaID: "901", clientID: "other"))
                    let copier = TemplateCopier(graph: NoGraph(), client: client, logger: logger)
                    let migrations = Migrations(
                        world: World(
                            client: client, graph: NoGraph(), copier: copier, gateway: NoGateway(), sealing: vault, control: RecordedRuns(),
                            settings: MigrationSettings(), logger: logger))
                    let rebuilds = Rebuilds(client: client, gateway: gateway, logger: logger)
                    let intake = WebhookIntake(
                        client: client, appSecrets: [Secret("shh")], verifyToken: Secret("verify me"),
                        owners: WebhookOwners(gateway: gateway, rebuilds: rebuilds, migrations: migrations), logger: logger)
                    var configuration = ServerConfiguration(port: 0, openPages: openPages, version: "test")
                    configuration.bodyTimeout = .seconds(600)
                    let dependencies = ServerDependencies(
                        client: client, gateway: gateway, migrations: migrations, rebuilds: rebuilds, webhooks: intake,
                        relays: Relays(client: client, vault: vault), graph: graph, credentials: credentials, templates: copier,
                        checkSchema: {})
                    let server = RelevoServer(dependencies: dependencies, configuration: configuration, logger: logger)
                    group.addTask { try await server.run() }
                    if engine {
                        let jobs = JobEngine(client: client, kinds: [gateway.kind, intake.kind], workflows: [], logger: logger)
                        group.addTask { try await jobs.run() }
                    }
                    let keys = APIKeyStore(client: client)
                    let (key, _) = try await keys.create(name: "acme system", scopes: [.send, .read], by: "test")
                    let (admin, _) = try await keys.create(name: "chief", scopes: [.admin], by: "test")
                    let port = try await server.boundPort
                    try await body(
                        Rig(
                            client: client, meta: meta, http: http, base: "http://127.0.0.1:\(port)", dependencies: dependencies,
                            migrations: migrations, keys: keys,
                            key: key, admin: admin))
                }
                try await http.shutdown()
            } catch {
                try? await http.shutdown()
                throw error
            }
        }
    }

    struct Answer: Sendable {
        var status: Int
        var headers: [String: String]
        var text: String
        var json: JSONValue { (try? JSONValue(parsing: text.utf8)) ?? .null }
    }

    func ask(
        _ method: String, _ path: String, key: Secret? = nil, headers: [(String, String)] = [], body: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method)
        if let key { request.headers.add(name: "Authorization", value: "Bearer \(key.reveal())") }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await http.execute(request, timeout: .seconds(600))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            status: Int(response.status.code),
            headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $0 + ", " + $1 }),
            text: String(buffer: bytes))
    }

    /// Logs in; the cookie as it was set.
    func login(_ key: Secret) async throws -> String {
        let answer = try await ask("POST", "/login", body: "key=\(key.reveal())&next=%2F")
        return answer.headers["set-cookie"] ?? ""
    }

    /// A number whose client has to read out a code.
    func awaitCode(_ ref: String, client name: String = "Acme") async throws {
        let now = Date()
        try await client.withTransaction { db in
            let revision =
                try await db.query(
                    """
                    INSERT INTO migration.fleet_revision (imported_by, file_name, content_hash, rows, added, changed, removed, rejected, problems)
                    VALUES ('test', 'fleet.csv', 'x', 1, 1, 0, 0, 0, '[]') RETURNING id
                    """
                ).decodeFirst(Int64.self) ?? 0
            let plan =
                try await db.query(
                    """
                    INSERT INTO migration.plan (created_by, fleet_revision, document, state) VALUES ('test', \(revision), \(Data("{}".utf8)), 'superseded')
                    RETURNING id
                    """
                ).decodeFirst(Int64.self) ?? 0
            let fields = try PostgresJSON(encoding: ["client_name": name]).text
            try await db.query(
                """
                INSERT INTO migration.number (row_ref, plan_id, run_id, route, client_id, e164, dest_waba_id, wave, fields, otp_start, otp_end,
                    cutover_start, cutover_end, state, step, wait_event, code_state, code_expires_at, updated_at)
                VALUES (\(ref), \(plan), \("run-" + ref), 'partner', 'acme', '+5215512345678', '900', 0, \(fields), \(now),
                    \(now.addingTimeInterval(900)), \(now.addingTimeInterval(3600)), \(now.addingTimeInterval(5400)), 'awaiting_code', 'code', 'wake',
                    'requested', \(now.addingTimeInterval(600)), \(now))
                """)
            try await db.query(
                """
                INSERT INTO migration.story (row_ref, plan_id, at, state, step, message)
                VALUES (\(ref), \(plan), \(now), 'awaiting_code', 'code', 'a code was <b>asked</b> for')
                """)
        }
    }
}

private struct Unused: Error {}

/// Nothing here is called by the server's own tests.
private struct NoGraph: MigrationGraph, TemplateGraph {
    func number(_ id: String, of waba: String) async throws -> NumberFacts { throw Unused() }
    func numbers(of waba: String) async throws -> [NumberFacts] { throw Unused() }
    func waba(_ id: String) async throws -> WABAFacts { throw Unused() }
    func isSubscribed(_ waba: String) async throws -> Bool { throw Unused() }
    func subscribe(_ waba: String) async throws { throw Unused() }
    func addNumber(countryCode: String, national: String, to waba: String) async throws -> String { throw Unused() }
    func requestCode(_ number: String, of waba: String, method: String, language: String) async throws { throw Unused() }
    func verifyCode(_ number: String, of waba: String, code: Secret) async throws { throw Unused() }
    func register(_ number: String, of waba: String, pin: Secret, dataRegion: String?) async throws { throw Unused() }
    func enableIdentityCheck(_ number: String, of waba: String) async throws { throw Unused() }
    func templates(of waba: String, after cursor: String?, limit: Int) async throws -> TemplatePage { throw Unused() }
    func copyTemplates(_ request: TemplateCopyRequest) async throws -> TemplateCopyAnswer { throw Unused() }
}

private struct NoGateway: MigrationGateway {
    func addSender(_ sender: NewSender, on db: PostgresConnection) async throws { throw Unused() }
    func submitTest(_ message: TestMessage, run: String, on db: PostgresConnection) async throws -> UUID { throw Unused() }
    func outcome(of message: UUID) async throws -> TestOutcome { throw Unused() }
}

private struct RecordedRuns: RunControl {
    func start(run id: String, workflow: String, input: RunInput, on db: PostgresConnection) async throws {}
    func emit(run id: String, event: String, _ wake: Wake, on db: PostgresConnection) async throws {}
    func cancel(run id: String, reason: String, on db: PostgresConnection) async throws {}
    func resume(run id: String, on db: PostgresConnection) async throws {}
}
