public import CloudAPI
public import Credentials
public import Gateway
public import Logging
public import Migration
public import Postgres
public import Quality
import Schema
public import Server
public import Templates
public import Webhooks

/// Every module, put together once for a process.
public struct Parts: Sendable {
    public let settings: Settings
    public let client: PostgresClient
    public let graph: GraphClient
    public let credentials: CredentialStore
    public let gateway: Gateway
    public let copier: TemplateCopier
    public let migrations: Migrations
    public let rebuilds: Rebuilds
    public let webhooks: WebhookIntake
    public let relays: Relays
    public let keys: APIKeyStore
    let http: HTTPClients
    let world: World
    let logger: Logger

    /// Throws `CredentialError` when the master key cannot be had.
    public init(settings: Settings, client: PostgresClient, http: HTTPClients, logger: Logger) throws {
        self.settings = settings
        self.client = client
        self.logger = logger
        self.http = http
        graph = GraphClient(
            configuration: .init(baseURL: settings.graphURL, version: settings.graphVersion), httpClient: http.graph, logger: logger)
        let vault = try Vault(keys: KeyFile.load(setting: settings.masterKey?.reveal(), dataFolder: settings.dataFolder))
        credentials = CredentialStore(vault: vault, client: client)
        var sending = GatewaySettings()
        sending.retentionDays = settings.retentionDays
        sending.allowsPremiumNumbers = settings.allowPremiumNumbers
        gateway = Gateway(client: client, graph: graph, credentials: credentials, settings: sending, logger: logger)
        let cloud = CloudMigrationGraph(graph: graph, credentials: credentials, appID: settings.appID)
        copier = TemplateCopier(graph: cloud, client: client, logger: logger)
        var patience = MigrationSettings()
        patience.publicURL = settings.publicURL
        world = World(
            client: client, graph: cloud, copier: copier, gateway: GatewayOfMigration(gateway), sealing: vault, control: EngineRunControl(),
            settings: patience, logger: logger)
        migrations = Migrations(world: world)
        rebuilds = Rebuilds(client: client, gateway: gateway, logger: logger)
        var webhookSettings = WebhookSettings()
        webhookSettings.words = settings.words
        webhooks = WebhookIntake(
            client: client, appSecrets: settings.appSecrets, verifyToken: settings.verifyToken,
            owners: WebhookOwners(gateway: gateway, rebuilds: rebuilds, migrations: migrations), settings: webhookSettings, logger: logger)
        relays = Relays(client: client, vault: vault)
        keys = APIKeyStore(client: client)
    }

    /// Puts everything together for the length of `body`: opens the database, checks its schema, and closes all of it again.
    ///
    /// - Parameter migrate: whether a database of the settings' URL is brought up to date rather than refused.
    public static func with<T: Sendable>(
        _ settings: Settings, logger: Logger, migrate: Bool = false, _ body: @Sendable (Parts) async throws -> T
    ) async throws -> T {
        let database = try await Database.open(settings, logger: logger)
        do {
            try await database.prepare(migrate: migrate, logger: logger)
            let value = try await withParts(settings, database, logger, body)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    private static func withParts<T: Sendable>(
        _ settings: Settings, _ database: Database, _ logger: Logger, _ body: @Sendable (Parts) async throws -> T
    ) async throws -> T {
        let client = PostgresClient(configuration: database.configuration, logger: logger)
        return try await HTTPClients.with(connections: 8) { http in
            let parts = try Parts(settings: settings, client: client, http: http, logger: logger)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.run() }
                defer { group.cancelAll() }
                return try await body(parts)
            }
        }
    }
}
