import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// Says once when PostgreSQL goes away, and once when it is back. Everything else waits and goes on by itself.
struct DatabaseWatch: Service {
    var configuration: PostgresConfiguration
    var logger: Logger
    /// Time between two looks.
    var interval: Duration = .seconds(1)

    func run() async throws {
        // A connection of its own: a pool that is in use up to the last connection is no outage.
        var own = configuration
        own.applicationName = "relevo watch"
        let address = own
        await cancelWhenGracefulShutdown { [logger, interval] in
            var awaySince: ContinuousClock.Instant?
            while !Task.isCancelled {
                do {
                    try await PostgresClient.withDirectConnection(address, logger: logger) { db in
                        while true {
                            try await db.query("SELECT 1")
                            if let since = awaySince {
                                let seconds = ((ContinuousClock.now - since) / .seconds(1)).formatted(.number.precision(.fractionLength(1)))
                                logger.notice("PostgreSQL is back", metadata: ["away": "\(seconds) s"])
                                awaySince = nil
                            }
                            try await Task.sleep(for: interval)
                        }
                    }
                } catch {
                    if Task.isCancelled { return }
                    if awaySince == nil {
                        awaySince = .now
                        logger.error("PostgreSQL is away; work waits for it", metadata: ["database": "\(address)", "why": "\(error)"])
                    }
                    try? await Task.sleep(for: .milliseconds(250))
                }
            }
        }
    }
}
