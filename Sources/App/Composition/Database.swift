import CloudAPI
public import Logging
public import Postgres
import Schema

/// The database of the settings: the one of the URL, or the private cluster, which this process then holds.
public struct Database: Sendable {
    public var configuration: PostgresConfiguration
    /// Nil when the settings name a database.
    public var cluster: PrivatePostgres?

    /// Throws `SettingError` or `PrivatePostgresError`; a database of a URL is not asked yet.
    public static func open(_ settings: Settings, logger: Logger) async throws -> Database {
        guard let url = settings.databaseURL else {
            let cluster = try await PrivatePostgres.acquire(
                dataFolder: settings.dataFolder, programs: settings.postgresBin, logger: logger)
            return Database(configuration: cluster.configuration, cluster: cluster)
        }
        var configuration = try PostgresConfiguration(url: url.reveal())
        if let direct = settings.databaseDirectURL {
            configuration = try PostgresConfiguration(pooledURL: url.reveal(), directURL: direct.reveal())
        }
        return Database(configuration: configuration, cluster: nil)
    }

    public func close() async { await cluster?.release() }

    /// Applies what is missing, or only looks; a private cluster is always brought up to date, since nobody else could.
    ///
    /// Throws `SchemaError` or `PostgresError`, and `SettingError` when only a pooler's address is known.
    public func prepare(migrate: Bool, logger: Logger) async throws {
        let migrator = SchemaMigrator(configuration: configuration, logger: logger)
        try await Self.explained(configuration) {
            if migrate || cluster != nil { _ = try await migrator.migrate() } else { try await migrator.check() }
        }
    }

    /// Names the setting that helps when `body` needed the server itself and met a pooler.
    public static func explained<T>(_ configuration: PostgresConfiguration, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PostgresError where error.code == .pooled {
            throw SettingError(
                name: Setting.databaseDirectURL.name,
                found: configuration.isPooled
                    ? "the address of a connection pooler" : "nothing, while RELEVO_DATABASE_URL leads to a connection pooler",
                expected: "the address of the PostgreSQL server itself, which LISTEN, migrations and heartbeats need", source: "database")
        }
    }
}
