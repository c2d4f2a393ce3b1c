import Foundation
import Logging
public import Postgres
import Schema

/// A database of its own for every test, cloned from a template that holds every migration.
///
/// The server is named by `RELEVO_TEST_DATABASE_URL`. Only databases called `relevo_template_…` and `relevo_test_…` are touched.
public enum TestDatabase {
    /// Why no database could be had.
    public struct Unavailable: Error, CustomStringConvertible {
        public let description: String
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let gate = Gate(limit: 8)
    private static let templates = TemplateDatabase()

    /// Whether a server was named, for `.enabled(if:)`.
    public static var isAvailable: Bool { environmentURL != nil }

    /// Whether the clients that are lent go through a pooler in transaction mode (`RELEVO_TEST_POOLED_URL`).
    public static var isPooled: Bool { pooledURL != nil }

    /// The server, in the database of its URL. Throws `Unavailable` without one.
    public static func server() throws -> PostgresConfiguration {
        guard let url = environmentURL else { throw Unavailable(description: "RELEVO_TEST_DATABASE_URL is not set; `make test` sets it") }
        var configuration =
            try pooledURL.map { try PostgresConfiguration(pooledURL: $0, directURL: url) } ?? PostgresConfiguration(url: url)
        // Hundreds of tests share two cores: a connection may come late, and that alone must fail no test.
        configuration.connectTimeoutSeconds = 120
        configuration.leaseTimeout = .seconds(600)
        return configuration
    }

    /// Lends a client on a fresh database with all migrations applied; its `run()` is running. The database is dropped afterwards.
    public static func with(_ body: (PostgresClient) async throws -> Void) async throws {
        try await with(template: try await templates.name(on: server()), body)
    }

    /// The same on a database that holds nothing.
    public static func withEmpty(_ body: (PostgresClient) async throws -> Void) async throws {
        try await with(template: "template0", body)
    }

    private static func with(template: String, _ body: (PostgresClient) async throws -> Void) async throws {
        let server = try server()
        await gate.enter()
        do {
            let name = try await clone(template, on: server)
            do {
                try await lend(server.database(name), body)
            } catch {
                try? await drop(name, on: server)
                throw error
            }
            try await drop(name, on: server)
        } catch {
            await gate.leave()
            throw error
        }
        await gate.leave()
    }

    private static func lend(_ configuration: PostgresConfiguration, _ body: (PostgresClient) async throws -> Void) async throws {
        let client = PostgresClient(configuration: configuration, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            try await body(client)
            group.cancelAll()
        }
    }

    private static func clone(_ template: String, on server: PostgresConfiguration) async throws -> String {
        // The time in the name lets a later run drop what a killed one left behind.
        let name = "relevo_test_\(Int(Date().timeIntervalSince1970))_\(UUID().uuidString.lowercased().prefix(8))"
        try await PostgresClient.withDirectConnection(server, logger: logger) {
            try await $0.script("CREATE DATABASE \(name) TEMPLATE \(template)")
        }
        return name
    }

    private static func drop(_ name: String, on server: PostgresConfiguration) async throws {
        // A cancelled test drops its database too.
        try await Task {
            try await PostgresClient.withDirectConnection(server, logger: logger) {
                try await $0.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
            }
        }.value
    }

    private static var environmentURL: String? { variable("RELEVO_TEST_DATABASE_URL") }
    private static var pooledURL: String? { variable("RELEVO_TEST_POOLED_URL") }

    private static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Bounds how many tests hold a database at once: swift-testing runs all of them together.
private actor Gate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { free = limit }

    func enter() async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
