import App
import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Synchronization
import Templates
import TestSupport
import Testing

/// The Cloud API as migrations have it, against a server that answers with usage headers.
@Suite(.enabled(if: TestDatabase.isAvailable)) struct CloudMigrationGraphTests {
    /// Answers reads, and tells how much is used.
    private final class Meta: Sendable {
        let asked = Mutex<[String]>([])
        let percent = Mutex(0)
        let ofApp = Mutex(0)

        func run(_ ready: @escaping @Sendable (Int) -> Void) async throws {
            let router = Router()
            router.get("**") { request, _ in
                self.asked.withLock { $0.append(request.uri.path) }
                let used = self.percent.withLock { $0 }
                let text =
                    request.uri.path.hasSuffix("message_templates")
                    ? #"{"data":[]}"# : #"{"id":"1","display_phone_number":"+1 650-555-0100"}"#
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: "application/json",
                        .init("X-App-Usage")!: #"{"call_count":\#(self.ofApp.withLock { $0 })}"#,
                        .init("X-Business-Use-Case-Usage")!: #"{"102":[{"type":"whatsapp","call_count":\#(used)}]}"#,
                    ], body: ResponseBody(byteBuffer: .init(string: text)))
            }
            let application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { ready($0.localAddress?.port ?? 0) }, logger: Self.logger)
            try await application.run()
        }

        static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    }

    private func with(_ body: @escaping @Sendable (CloudMigrationGraph, Meta) async throws -> Void) async throws {
        try await TestDatabase.with { client in
            let meta = Meta()
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let http = HTTPClient(configuration: GraphClient.httpConfiguration(connections: 4))
            let ended: Result<Void, any Error>
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try? await meta.run { port.yield($0) } }
                    var found = 0
                    for await port in ports {
                        found = port
                        break
                    }
                    let credentials = CredentialStore(vault: try Vault(keys: [MasterKey.generate()]), client: client)
                    try await credentials.add(name: "all", token: Secret("token"))
                    let graph = GraphClient(
                        configuration: .init(baseURL: "http://127.0.0.1:\(found)"), httpClient: http, logger: Meta.logger)
                    try await body(CloudMigrationGraph(graph: graph, credentials: credentials, appID: nil), meta)
                    group.cancelAll()
                }
                ended = .success(())
            } catch {
                ended = .failure(error)
            }
            try? await http.shutdown()
            try ended.get()
        }
    }

    /// From what an answer about a number has told, calls for templates of its WABA wait without being made; the calls of a move go.
    @Test func theLastTenthIsLeftToMoves() async throws {
        try await with { graph, meta in
            _ = try await graph.templates(of: "102", after: nil, limit: 10)
            meta.percent.withLock { $0 = 93 }
            _ = try await graph.number("555001", of: "102")
            let before = meta.asked.withLock { $0.count }
            let trouble = await #expect(throws: GraphTrouble.self) { try await graph.templates(of: "102", after: nil, limit: 10) }
            #expect(trouble?.remedy == .wait && trouble?.message.hasPrefix("93 %") == true)
            #expect(meta.asked.withLock { $0.count } == before)
            // Another account has a budget of its own, and one that is told of less goes on.
            _ = try await graph.templates(of: "103", after: nil, limit: 10)
            meta.percent.withLock { $0 = 20 }
            _ = try await graph.waba("102")
            _ = try await graph.templates(of: "102", after: nil, limit: 10)
            // The app's budget is that of all accounts.
            meta.ofApp.withLock { $0 = 97 }
            _ = try await graph.waba("102")
            for waba in ["102", "103"] {
                let trouble = await #expect(throws: GraphTrouble.self) { try await graph.templates(of: waba, after: nil, limit: 10) }
                #expect(trouble?.message.hasPrefix("97 % of the app's") == true)
            }
            _ = try await graph.number("555001", of: "102")
        }
    }
}
