import AsyncHTTPClient
import Foundation
import Jobs
import Logging
import Postgres
import ServiceLifecycle

/// In a rehearsal business time is the sandbox's: follows its clock, jumps included.
struct RehearsalClock: Service {
    var graphURL: String
    var client: PostgresClient
    var logger: Logger
    var interval: Duration = .milliseconds(200)

    func run() async throws {
        let sandbox = SandboxControls(baseURL: graphURL)
        await cancelWhenGracefulShutdown { [self] in
            var reported = false
            while !Task.isCancelled {
                do {
                    try await follow(sandbox)
                    if reported { logger.notice("the sandbox's clock is followed again") }
                    reported = false
                } catch is PostgresError {
                    // An outage of the database is told by others.
                } catch {
                    if !reported && !Task.isCancelled {
                        logger.warning("the sandbox's clock cannot be followed", metadata: ["sandbox": "\(graphURL)", "why": "\(error)"])
                        reported = true
                    }
                }
                try? await Task.sleep(for: interval)
            }
        }
        try await sandbox.shutdown()
    }

    private func follow(_ sandbox: SandboxControls) async throws {
        let asked = ContinuousClock.now
        let clock = try await sandbox.clock()
        let ours = try await BusinessClock.read(on: client)
        // What passed while the two were read is no drift.
        let slack = max(0.5, (ContinuousClock.now - asked) / .seconds(1) * clock.speed + 0.1 * clock.speed)
        let drift = clock.now.timeIntervalSince(ours.now)
        guard clock.speed != ours.speed || abs(drift) > slack else { return }
        try await BusinessClock.set(business: clock.now, speed: clock.speed, on: client)
        if abs(drift) > max(60, slack) {
            logger.debug("business time follows the sandbox", metadata: ["to": "\(clock.now.formatted(.iso8601))"])
        }
    }
}
