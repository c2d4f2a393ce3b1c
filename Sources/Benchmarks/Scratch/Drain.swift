import App
import Foundation
import Gateway
import Jobs
import Logging
import Postgres
import ServiceLifecycle

extension ScratchWorld {
    /// Runs what a worker process runs in this one for the length of `body`, then lets what is under way finish.
    func working<T: Sendable>(concurrency: Int, _ body: @Sendable () async throws -> T) async throws -> T {
        try await running(
            [
                parts.engine(connections: concurrency), parts.gateway.housekeeper,
                JobHints(configuration: configuration, logger: logger),
            ], body)
    }

    /// Tells the workers of other processes what this one hands in, as `relevo serve` does.
    func hinting<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
        try await running([JobHints(configuration: configuration, logger: logger)], body)
    }

    func running<T: Sendable>(_ services: [any Service], _ body: @Sendable () async throws -> T) async throws -> T {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: quiet))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            do {
                let value = try await body()
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return value
            } catch {
                tasks.cancelAll()
                throw error
            }
        }
    }

    /// Whether anything is still to be done, asked of the short tables that hold work.
    func isIdle() async throws -> Bool {
        let left = try await parts.client.query(
            "SELECT EXISTS (SELECT FROM jobs.ready) OR EXISTS (SELECT FROM jobs.attempt) OR EXISTS (SELECT FROM jobs.later)"
        ).decodeFirst(Bool.self)
        return left == false
    }

    /// Waits until nothing is left to do; false when the time was over before.
    func drained(within limit: Duration, every pause: Duration = .milliseconds(100)) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await isIdle() { return true }
            try await Task.sleep(for: pause)
        }
        return false
    }

    /// How many messages are in each state.
    func states() async throws -> [String: Int] {
        let rows = try await parts.client.query("SELECT state, count(*) FROM gateway.message GROUP BY state").decode((String, Int).self)
        return Dictionary(rows.map { ($0.0, $0.1) }) { first, _ in first }
    }

    /// When, by the server's clock, the first message was begun and the last accepted.
    func span() async throws -> (first: Date?, last: Date?) {
        try await parts.client.query("SELECT min(sent_at), max(accepted_at) FROM gateway.message").decodeFirst((Date?, Date?).self)
            .map { (first: $0.0, last: $0.1) } ?? (first: nil, last: nil)
    }

    /// Attempts that came too late for their slot, by how they ended; and as `full` those whose second was full.
    func missedSlots() async throws -> [String: Int] {
        let rows = try await parts.client.query(
            """
            SELECT CASE reason WHEN 'its slot was missed' THEN result::text ELSE 'full' END, count(*) FROM jobs.outcome
             WHERE reason IN ('its slot was missed', 'its second was full') GROUP BY 1
            """
        ).decode((String, Int).self)
        return Dictionary(rows.map { ($0.0, $0.1) }) { first, _ in first }
    }

    func serverTime() async throws -> Date {
        try await parts.client.query("SELECT clock_timestamp()").decodeFirst(Date.self) ?? Date()
    }
}
