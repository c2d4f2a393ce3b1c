public import AsyncHTTPClient
import CloudAPI
public import Jobs
public import Logging
import Postgres
public import ServiceLifecycle

/// Every minute: looks which systems are too far behind to be given more, and counts what has become of POSTs.
public struct RelayWatch: Service {
    let relays: Relays
    let logger: Logger

    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await relays.measure()
                    try await relays.fold()
                } catch let error as PostgresError {
                    logger.warning("relays could not be measured or counted", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(60))
            }
        }
    }
}

extension Relays {
    /// For a client of their own: the connections of sends are not to be taken by systems that do not answer. One try at a connection:
    /// while a system is away, the client would else try for as long as a POST may take, and hold a place that another system could have.
    public static var httpConfiguration: HTTPClient.Configuration {
        var configuration = GraphClient.httpConfiguration(connections: RelayKind.most)
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// To be registered with the job engine.
    /// - Parameter http: made by `httpConfiguration`.
    public func kind(http: HTTPClient) -> any JobKind { RelayKind(relays: self, http: http) }

    /// To be run in every worker process.
    public func watch(logger: Logger) -> RelayWatch { RelayWatch(relays: self, logger: logger) }
}
