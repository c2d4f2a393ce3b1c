import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import CloudAPI

/// A client with the settings of the product, against a server of the test's own.
enum ClientRig {
    static let token = Secret("EAAG-token-of-the-test")
    static let accepted = #"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.1"}]}"#
    static let message: JSONValue = ["messaging_product": "whatsapp", "to": "+16505551234", "type": "text", "text": ["body": "hi"]]

    static func with(_ server: SocketServer, timeout: Duration = .seconds(300), _ body: (GraphClient) async throws -> Void) async throws {
        try await server.run { port in
            try await with(baseURL: "http://127.0.0.1:\(port)", timeout: timeout, body)
        }
    }

    static func with(baseURL: String, timeout: Duration = .seconds(300), _ body: (GraphClient) async throws -> Void) async throws {
        var configuration = GraphClient.Configuration(baseURL: baseURL, version: "v25.0")
        configuration.sendTimeout = timeout
        configuration.callTimeout = timeout
        configuration.longTimeout = timeout
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: GraphClient.httpConfiguration(connections: 8))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        do {
            try await body(GraphClient(configuration: configuration, httpClient: http, logger: logger))
        } catch {
            try? await http.shutdown()
            throw error
        }
        try await http.shutdown()
    }

    /// A port nobody listens on: taken and given back.
    static func closedPort() async throws -> Int {
        var port = 0
        try await SocketServer { _ in .close }.run { port = $0 }
        return port
    }
}

extension GraphOutcome {
    /// One word for how it ended.
    var kind: String {
        switch self {
        case .success: "success"
        case .refused: "refused"
        case .notSent: "notSent"
        case .ambiguous: "ambiguous"
        }
    }
}
