import AsyncHTTPClient
import CloudAPI
import Webhooks

/// The HTTP clients of a process. Meta's and those of clients' systems are apart: a system that does not answer must take no connection
/// of a send, and what is right for the one, such as another try at a connection, is wrong for the other.
public struct HTTPClients: Sendable {
    let graph: HTTPClient
    let relays: HTTPClient

    /// Lends both for the length of `body` and closes them again.
    /// - Parameter connections: to Meta, at a time.
    public static func with<T>(connections: Int, _ body: (HTTPClients) async throws -> T) async throws -> T {
        let clients = HTTPClients(
            graph: HTTPClient(eventLoopGroupProvider: .singleton, configuration: GraphClient.httpConfiguration(connections: connections)),
            relays: HTTPClient(eventLoopGroupProvider: .singleton, configuration: Relays.httpConfiguration))
        do {
            let value = try await body(clients)
            try await clients.shutdown()
            return value
        } catch {
            try? await clients.shutdown()
            throw error
        }
    }

    /// Closes the second one too when the first could not be: one that is let go of while open ends the process.
    private func shutdown() async throws {
        do {
            try await graph.shutdown()
        } catch {
            try? await relays.shutdown()
            throw error
        }
        try await relays.shutdown()
    }
}
