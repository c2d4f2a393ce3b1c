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
        return Database(configuration: try PostgresConfiguration(url: url.reveal()), cluster: nil)
    }

    public func close() async { await cluster?.release() }

    /// Applies what is missing, or only looks; a private cluster is always brought up to date, since nobody else could.
    ///
    /// Throws `SchemaError` or `PostgresError`.
    public func prepare(migrate: Bool, logger: Logger) async throws {
        let migrator = SchemaMigrator(configuration: configuration, logger: logger)
        if migrate || cluster != nil { _ = try await migrator.migrate() } else { try await migrator.check() }
    }
}
