package import Logging
package import Postgres
package import Templates

/// Everything a run reaches outside itself.
package struct World: Sendable {
    package var client: PostgresClient
    package var graph: any MigrationGraph
    package var copier: TemplateCopier
    package var gateway: any MigrationGateway
    package var sealing: any Sealing
    package var control: any RunControl
    package var settings: MigrationSettings
    package var logger: Logger

    package init(
        client: PostgresClient, graph: any MigrationGraph, copier: TemplateCopier, gateway: any MigrationGateway, sealing: any Sealing,
        control: any RunControl, settings: MigrationSettings, logger: Logger
    ) {
        self.client = client
        self.graph = graph
        self.copier = copier
        self.gateway = gateway
        self.sealing = sealing
        self.control = control
        self.settings = settings
        self.logger = logger
    }
}
