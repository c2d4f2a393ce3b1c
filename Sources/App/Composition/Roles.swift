import CloudAPI
import Foundation
import Gateway
package import Jobs
public import Logging
import Migration
import Postgres
import Quality
import Schema
import Server
public import ServiceLifecycle
import UnixSignals
import Webhooks

/// What a process does.
public struct Roles: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Answers HTTP.
    public static let serve = Roles(rawValue: 1)
    /// Carries jobs out.
    public static let work = Roles(rawValue: 2)
    public static let all: Roles = [.serve, .work]

    /// Requests to Meta at a time; the engine runs no more than this many sends.
    package static let connections = 512
    /// Pooled connections to PostgreSQL: each worker in flight may hold one while it finishes, the HTTP side shares the rest.
    package static let databaseConnections = 24

    /// Runs the roles until SIGTERM or SIGINT, then lets what is under way finish. A second signal ends the process at once.
    ///
    /// - Parameter migrate: whether the schema is brought up to date first; `serve` and `work` only look.
    /// - Throws: what kept the process from starting, or from going on.
    public static func run(_ roles: Roles, settings: Settings, version: String, migrate: Bool, logger: Logger) async throws {
        Descriptors.raise()
        let database = try await Database.open(settings, logger: logger)
        do {
            try await database.prepare(migrate: migrate, logger: logger)
            try await run(roles, settings: settings, version: version, database: database, logger: logger)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    private static func run(_ roles: Roles, settings: Settings, version: String, database: Database, logger: Logger) async throws {
        var configuration = database.configuration
        configuration.maximumConnections = databaseConnections
        let client = PostgresClient(configuration: configuration, logger: logger)
        try await HTTPClients.with(connections: connections + 64) { http in
            let parts = try Parts(settings: settings, client: client, http: http, logger: logger)
            let group = ServiceGroup(
                configuration: try services(roles, parts, database, version: version, configuration: configuration, logger: logger))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask { await exitOnSecondSignal(logger) }
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
        }
    }

    /// In the order they start; they stop in reverse, so that the database outlives those who write to it.
    private static func services(
        _ roles: Roles, _ parts: Parts, _ database: Database, version: String, configuration: PostgresConfiguration, logger: Logger
    ) throws -> ServiceGroupConfiguration {
        var services: [any Service] = []
        if let cluster = database.cluster { services.append(PrivatePostgresService(cluster)) }
        services.append(parts.client)
        // A worker's engine tells of an outage by itself.
        if !roles.contains(.work) { services.append(DatabaseWatch(configuration: configuration, logger: logger)) }
        if parts.settings.isRehearsal {
            services.append(RehearsalClock(graphURL: parts.settings.graphURL, client: parts.client, logger: logger))
        }
        if roles.contains(.work) {
            services += [
                parts.engine(connections: connections), parts.gateway.housekeeper, parts.gateway.limitsReader, parts.webhooks.retention,
                parts.relays.watch(logger: logger), parts.webhooks.ends,
            ]
        }
        // For the engines of other processes; this one's own hears at once.
        if parts.settings.jobHints { services.append(JobHints(configuration: configuration, logger: logger)) }
        if roles.contains(.serve) { services.append(parts.server(version: version, configuration: configuration)) }
        var group = ServiceGroupConfiguration(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
        group.maximumGracefulShutdownDuration = .seconds(60)
        group.maximumCancellationDuration = .seconds(10)
        return group
    }

    /// Runs services until SIGTERM or SIGINT.
    public static func run(_ services: [any Service], logger: Logger) async throws {
        try await ServiceGroup(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger)).run()
    }

    /// The group tells of every service at every step; only what goes wrong is news.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel > .debug { logger.logLevel = max(logger.logLevel, .warning) }
        return logger
    }

    private static func exitOnSecondSignal(_ logger: Logger) async {
        var seen = 0
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
            seen += 1
            if seen == 1 {
                logger.notice("stopping: what is under way is finished first; a second signal ends at once")
            } else {
                logger.warning("ended at once by a second signal")
                _exit(1)
            }
        }
        // The sequence ends only when this task is cancelled.
    }
}

extension Parts {
    /// The engine with every kind of work; `connections` bounds what is under way at once.
    package func engine(connections: Int) -> JobEngine {
        var settings = EngineSettings()
        settings.maxInFlight = connections
        settings.listens = self.settings.jobHints
        return JobEngine(
            client: client, kinds: [gateway.kind, webhooks.kind, relays.kind(http: http.relays)],
            workflows: [
                EngineWorkflow(name: MigrationWorkflows.number, world: world), EngineWorkflow(name: MigrationWorkflows.copy, world: world),
                rebuilds.workflow,
            ],
            settings: settings, logger: logger)
    }

    func server(version: String, configuration: PostgresConfiguration) -> RelevoServer {
        let migrator = SchemaMigrator(configuration: configuration, logger: logger)
        var server = ServerConfiguration(
            host: settings.httpHost, port: settings.httpPort, publicURL: settings.givenPublicURL, version: version)
        server.maximumConnections = Descriptors.forCallers
        return RelevoServer(
            dependencies: ServerDependencies(
                client: client, gateway: gateway, migrations: migrations, rebuilds: rebuilds, webhooks: webhooks, relays: relays,
                graph: graph,
                credentials: credentials, templates: copier, checkSchema: { try await migrator.check() }),
            configuration: server, logger: logger)
    }
}
