public import ServiceLifecycle

/// Keeps the private PostgreSQL alive while the process runs; giving it up is left to whoever acquired it.
public struct PrivatePostgresService: Service {
    let cluster: PrivatePostgres

    public init(_ cluster: PrivatePostgres) { self.cluster = cluster }

    public func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await cluster.watch()
            } catch is CancellationError {
                return
            }
        }
    }
}
