public import AsyncHTTPClient
public import Jobs
public import Logging
import Postgres
public import ServiceLifecycle

/// Looks every minute which systems are too far behind to be given more.
public struct RelayWatch: Service {
    let relays: Relays
    let logger: Logger

    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await relays.measure()
                } catch let error as PostgresError {
                    logger.warning("relays could not be measured", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(60))
            }
        }
    }
}

extension Relays {
    /// To be registered with the job engine.
    public func kind(http: HTTPClient) -> any JobKind { RelayKind(relays: self, http: http) }

    /// To be run in every worker process.
    public func watch(logger: Logger) -> RelayWatch { RelayWatch(relays: self, logger: logger) }
}
