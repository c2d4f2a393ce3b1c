public import Logging
public import Postgres
public import ServiceLifecycle

/// Carries jobs out: claims, writes intents, performs, completes, and rescues what dead workers left. Any number may run.
///
/// Polling is the truth, hints only make it quicker. When PostgreSQL is away the engine waits, and goes on by itself. `run()` may be called
/// once.
public final class JobEngine: Service {
    let core: EngineCore

    /// - Parameters:
    ///   - client: what workflows use. The engine itself keeps a few connections of its own to the same database, so that work cannot
    /// starve
    ///     the heartbeat.
    public init(
        client: PostgresClient, kinds: [any JobKind], workflows: [any Workflow], settings: EngineSettings = EngineSettings(), logger: Logger
    ) {
        var configuration = client.configuration
        configuration.maximumConnections = 8
        configuration.leaseTimeout = .seconds(5)
        configuration.applicationName = "relevo jobs"
        // A worker that stands still inside a transaction must not hold its leases for longer than it counts as alive.
        configuration.idleInTransactionTimeout = settings.staleAfter
        let kinds = kinds + (workflows.isEmpty ? [] : [WorkflowKind(client: client, workflows: workflows, logger: logger)])
        core = EngineCore(
            store: JobStore(client: PostgresClient(configuration: configuration, logger: logger)), kinds: kinds, settings: settings,
            logger: logger)
    }

    /// Works until shut down gracefully (what is being performed is finished, the rest given back) or cancelled (performing is cancelled,
    /// results
    /// are still written down).
    public func run() async throws {
        // Detached: they outlive the shutdown that this task sees, and end in their own order.
        let connections = Task.detached { [core] in try? await core.store.client.run() }
        let work = Task.detached { [core] in await core.live() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await work.value
            } onGracefulShutdown: { [core] in
                core.stop(.drain)
            }
        } onCancel: {
            core.stop(.now)
        }
        connections.cancel()
        _ = await connections.value
    }

    /// Looks for work now.
    public func nudge() { core.bell.ring() }
}
