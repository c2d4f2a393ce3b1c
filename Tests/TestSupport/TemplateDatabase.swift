import Foundation
import Postgres
import Schema

/// The migrated database that tests are cloned from: made once, shared by every test process built with the same SQL.
actor TemplateDatabase {
    private static let prefix = "relevo_template_"
    /// Databases this old belong to a run that is over.
    private static let leftOverAfter: TimeInterval = 3600

    private var preparation: Task<String, any Error>?

    /// The name of the template, which is prepared by the first caller.
    func name(on server: PostgresConfiguration) async throws -> String {
        if let preparation { return try await preparation.value }
        let task = Task { try await Self.prepare(on: server) }
        preparation = task
        return try await task.value
    }

    private static func prepare(on server: PostgresConfiguration) async throws -> String {
        let name = prefix + EmbeddedSchema.fingerprint.prefix(16)
        return try await PostgresClient.withDirectConnection(server, logger: TestDatabase.logger) { connection in
            // Another key than the migrator's: it takes its own lock meanwhile, on the new database.
            try await MigrationLock(key: 0x7265_6C74_6D70, wait: .seconds(120)).hold(on: connection) {
                try await dropLeftOvers(keeping: name, on: connection)
                if try await !isReady(name, on: connection) {
                    try await drop(name, on: connection)
                    try await connection.script("CREATE DATABASE \(name) TEMPLATE template0")
                    _ = try await SchemaMigrator(configuration: server.database(name), logger: TestDatabase.logger).migrate()
                    // A template that still takes connections cannot be cloned while somebody looks at it. The flag is set last: it means ready.
                    try await connection.script("ALTER DATABASE \(name) WITH ALLOW_CONNECTIONS false IS_TEMPLATE true")
                }
                try await connection.script("COMMENT ON DATABASE \(name) IS '\(Int(Date().timeIntervalSince1970))'")
                return name
            }
        }
    }

    private static func isReady(_ name: String, on connection: PostgresConnection) async throws -> Bool {
        try await connection.query("SELECT datistemplate FROM pg_database WHERE datname = \(name)").decodeFirst(Bool.self) ?? false
    }

    /// Templates of other SQL and databases of killed runs, when nobody can be using them any more: other processes may be testing.
    private static func dropLeftOvers(keeping name: String, on connection: PostgresConnection) async throws {
        let rows = try await connection.query(
            "SELECT datname::text, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'relevo\\_t%' AND datname <> \(name)"
        )
        let limit = Date().timeIntervalSince1970 - leftOverAfter
        for (database, comment) in try rows.decode((String, String?).self) {
            let parts = database.split(separator: "_")
            let time = database.hasPrefix(prefix) ? comment.flatMap(Double.init) : parts.count > 2 ? Double(parts[2]) : nil
            // A template without a time was being made by a process that has died: its maker would hold the lock held here.
            if database.hasPrefix(prefix) ? (time ?? 0) < limit : (time ?? limit) < limit { try await drop(database, on: connection) }
        }
    }

    private static func drop(_ name: String, on connection: PostgresConnection) async throws {
        guard try await !connection.query("SELECT 1 FROM pg_database WHERE datname = \(name)").isEmpty else { return }
        try await connection.script("ALTER DATABASE \(name) WITH IS_TEMPLATE false")
        try await connection.script("DROP DATABASE \(name) WITH (FORCE)")
    }
}
