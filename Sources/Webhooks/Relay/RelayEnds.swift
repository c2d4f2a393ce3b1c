import Gateway
import Logging
import Postgres
public import ServiceLifecycle

/// Tells clients' systems of messages that ended before Meta had them: refused, expired or taken back after their caller was answered that they
/// are queued. Meta sends no webhook of those, and their callers would wait for one.
public struct RelayEnds: Service {
    let client: PostgresClient
    let owners: WebhookOwners
    let logger: Logger
    private static let batch = 500

    /// Rounds until the process shuts down. One that fails is logged and tried again.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    while try await round() {}
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning("ends of messages could not be handed on; it is tried again", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .seconds(2))
            }
        }
    }

    /// Hands some on, in one transaction: each is told once. Returns whether there may be more.
    func round() async throws -> Bool {
        try await client.withTransaction { db in
            let (ends, isMore) = try await owners.ends(Self.batch, db)
            if !ends.isEmpty { try await RelayOutbox(owners: owners).put(ends, on: db) }
            return isMore
        }
    }
}

extension WebhookIntake {
    /// To be run in every worker process.
    public var ends: RelayEnds { RelayEnds(client: client, owners: owners, logger: logger) }
}
