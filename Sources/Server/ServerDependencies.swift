public import CloudAPI
public import Credentials
public import Gateway
public import Migration
public import Postgres
public import Quality
public import Templates
public import Webhooks

/// What the HTTP side asks and tells; made once by App.
public struct ServerDependencies: Sendable {
    public var client: PostgresClient
    public var gateway: Gateway
    public var migrations: Migrations
    public var rebuilds: Rebuilds
    public var webhooks: WebhookIntake
    public var graph: GraphClient
    public var credentials: CredentialStore
    public var templates: TemplateCopier
    /// Throws when the database's schema is not the one this program was built for.
    public var checkSchema: @Sendable () async throws -> Void

    public init(
        client: PostgresClient, gateway: Gateway, migrations: Migrations, rebuilds: Rebuilds, webhooks: WebhookIntake, graph: GraphClient,
        credentials: CredentialStore, templates: TemplateCopier, checkSchema: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.gateway = gateway
        self.migrations = migrations
        self.rebuilds = rebuilds
        self.webhooks = webhooks
        self.graph = graph
        self.credentials = credentials
        self.templates = templates
        self.checkSchema = checkSchema
    }
}
