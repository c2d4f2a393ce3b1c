import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

/// A database of its own for a test, with the schemas of this owner and a business clock that the test sets.
enum DatabaseRig {
    static func withDatabase(_ body: (PostgresClient) async throws -> Void) async throws {
        let server = try TestDatabase.server()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let name = "migration_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try await PostgresClient.withDirectConnection(server, logger: logger) { try await $0.script("CREATE DATABASE \(name)") }
        let configuration = server.database(name)
        try await PostgresClient.withDirectConnection(configuration, logger: logger) { connection in
            try await connection.script(clock)
            for file in ["0004_templates.sql", "0006_migration.sql"] {
                try await connection.script(try String(contentsOf: sql(file), encoding: .utf8))
            }
        }
        let client = PostgresClient(configuration: configuration, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            try await body(client)
            group.cancelAll()
        }
        try await PostgresClient.withDirectConnection(server, logger: logger) { try await $0.script("DROP DATABASE \(name) WITH (FORCE)") }
    }

    private static func sql(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "sql/\(name)")
    }

    private static let clock = """
        CREATE SCHEMA jobs;
        CREATE TABLE jobs.clock (real_anchor timestamptz NOT NULL, business_anchor timestamptz NOT NULL, speed float8 NOT NULL);
        CREATE FUNCTION jobs.now() RETURNS timestamptz LANGUAGE sql STABLE AS
            'SELECT coalesce((SELECT business_anchor + (clock_timestamp() - real_anchor) * speed FROM jobs.clock), clock_timestamp())';
        """
}
