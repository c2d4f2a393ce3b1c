import App
import Foundation
import Logging
import Postgres
import Schema

/// A database of the benchmark's own, beside the one of the settings, on the same server.
enum ScratchDatabase {
    /// Makes it, brings its schema up to date, and drops it when `body` has ended, however it did.
    static func with<T: Sendable>(
        _ settings: Settings, logger: Logger, _ body: @Sendable (PostgresConfiguration) async throws -> T
    ) async throws -> T {
        let database = try await Database.open(settings, logger: logger)
        do {
            let value = try await with(database.configuration, logger: logger, body)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    private static func with<T: Sendable>(
        _ server: PostgresConfiguration, logger: Logger, _ body: @Sendable (PostgresConfiguration) async throws -> T
    ) async throws -> T {
        let name = "relevo_bench_" + String(UInt64.random(in: .min ... .max), radix: 36)
        try await execute("CREATE DATABASE \(name)", on: server, logger)
        do {
            let scratch = server.database(name)
            _ = try await SchemaMigrator(configuration: scratch, logger: logger).migrate()
            let value = try await body(scratch)
            try await drop(name, on: server, logger)
            return value
        } catch {
            try? await drop(name, on: server, logger)
            throw error
        }
    }

    /// In a task of its own: a cancelled benchmark drops its database too.
    private static func drop(_ name: String, on server: PostgresConfiguration, _ logger: Logger) async throws {
        try await Task { try await execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", on: server, logger) }.value
    }

    private static func execute(_ statement: String, on server: PostgresConfiguration, _ logger: Logger) async throws {
        try await PostgresClient.withDirectConnection(server, logger: logger) { try await $0.script(statement) }
    }
}
