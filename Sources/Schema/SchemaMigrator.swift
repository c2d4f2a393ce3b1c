import Foundation
public import Logging
public import Postgres

/// Brings a database to the SQL of this program, and says where it stands.
///
/// Needs a direct connection: session locks do not pass PgBouncer in transaction mode.
public struct SchemaMigrator: Sendable {
    private let configuration: PostgresConfiguration
    private let logger: Logger
    private let files: [SchemaFile]
    private let lockWait: Duration

    /// A migrator for the files embedded in this program.
    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.init(configuration: configuration, logger: logger, files: EmbeddedSchema.files)
    }

    /// A migrator for other files; `lockWait` bounds the wait for another process that is migrating.
    package init(configuration: PostgresConfiguration, logger: Logger, files: [SchemaFile], lockWait: Duration = .seconds(120)) {
        self.configuration = configuration
        self.logger = logger
        self.files = files
        self.lockWait = lockWait
    }

    /// Applies what is missing, one transaction a file, and returns the names applied now.
    ///
    /// Throws `SchemaError`; files applied before the one that failed stay.
    public func migrate() async throws -> [String] {
        try await PostgresClient.withDirectConnection(configuration, logger: logger) { connection in
            try await MigrationLock(wait: lockWait).hold(on: connection) {
                try await connection.script(Self.table)
                let status = try await status(on: connection)
                try refuseForeign(status)
                let applied = Set(status.filter { $0.applied != nil }.map(\.file))
                var done: [String] = []
                for file in files where !applied.contains(file.name) {
                    try await apply(file, on: connection)
                    logger.info("applied \(file.name)")
                    done.append(file.name)
                }
                return done
            }
        }
    }

    /// Every file known to the program or to the database, in order.
    public func status() async throws -> [MigrationStatus] {
        try await PostgresClient.withDirectConnection(configuration, logger: logger) { try await status(on: $0) }
    }

    /// Throws `SchemaError` unless the database holds exactly the SQL of this program.
    public func check() async throws {
        let status = try await status()
        try refuseForeign(status)
        let missing = status.filter { $0.applied == nil }.map(\.file)
        guard missing.isEmpty else {
            throw SchemaError(
                .older, files: missing,
                "the database \(configuration) lacks \(missing.joined(separator: ", ")); run `relevo db migrate`")
        }
    }

    private func status(on connection: PostgresConnection) async throws -> [MigrationStatus] {
        var applied: [String: (checksum: Data, at: Date)] = [:]
        // A database nobody has migrated yet has no table; asking must not create it.
        if try await connection.query("SELECT to_regclass('public.schema_migrations') IS NOT NULL").decodeFirst(Bool.self) == true {
            let rows = try await connection.query("SELECT file, checksum, applied_at FROM public.schema_migrations")
            for (file, checksum, at) in try rows.decode((String, Data, Date).self) { applied[file] = (checksum, at) }
        }
        let known = Dictionary(files.map { ($0.name, $0) }) { first, _ in first }
        return Set(known.keys).union(applied.keys).sorted().map { name in
            let row = applied[name]
            let file = known[name]
            let same = row == nil || file == nil || row?.checksum == file?.checksum
            return MigrationStatus(file: name, applied: row?.at, checksumOK: same, isKnown: file != nil)
        }
    }

    /// Stops before anything is done to a database that another program has shaped.
    private func refuseForeign(_ status: [MigrationStatus]) throws {
        let newer = status.filter { !$0.isKnown }.map(\.file)
        guard newer.isEmpty else {
            throw SchemaError(
                .newer, files: newer,
                "the database \(configuration) is newer than this program: it holds \(newer.joined(separator: ", ")); use a newer relevo")
        }
        let changed = status.filter { !$0.checksumOK }.map(\.file)
        guard changed.isEmpty else {
            throw SchemaError(
                .changed, files: changed,
                "\(changed.joined(separator: ", ")) changed after being applied to \(configuration); restore the file and put the change into a new one"
            )
        }
    }

    private func apply(_ file: SchemaFile, on connection: PostgresConnection) async throws {
        do {
            try await connection.withTransaction { connection in
                // A busy table must not queue every other statement behind this one.
                try await connection.query("SET LOCAL lock_timeout = '5s'")
                // First, so that two programs without a common lock collide here and not half way.
                try await connection.query(
                    "INSERT INTO public.schema_migrations (file, checksum) VALUES (\(file.name), \(file.checksum))")
                try await connection.script(file.sql)
            }
        } catch let error as PostgresError {
            throw SchemaError(.failed, files: [file.name], "\(place(of: error, in: file)): \(error)")
        }
    }

    /// `0005_gateway.sql line 12, column 3`, as far as the server told.
    private func place(of error: PostgresError, in file: SchemaFile) -> String {
        guard let position = error.position, position > 0 else { return file.name }
        let before = file.sql.unicodeScalars.prefix(position - 1)
        let line = before.count { $0 == "\n" } + 1
        let column = before.reversed().prefix { $0 != "\n" }.count + 1
        return "\(file.name) line \(line), column \(column)"
    }

    private static let table = """
        CREATE TABLE IF NOT EXISTS public.schema_migrations (
            file text PRIMARY KEY,
            checksum bytea NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
}
