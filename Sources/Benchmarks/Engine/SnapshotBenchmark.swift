package import App
import Foundation
package import Logging
import Postgres

/// Whether a transaction that stays open for long, so that nothing dead can be removed, makes the sending slower.
package struct SnapshotBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        package var numbers: Int
        /// Messages a second of each number; nil: no limit.
        package var rate: Double?
        /// Messages kept queued.
        package var queued: Int
        /// How long it is measured before, and after.
        package var beforeSeconds: Double
        /// How long the snapshot is held.
        package var holdSeconds: Double

        package init(
            numbers: Int = 50, rate: Double? = nil, queued: Int = 10_000, beforeSeconds: Double = 60, holdSeconds: Double = 600
        ) {
            self.numbers = numbers
            self.rate = rate
            self.queued = queued
            self.beforeSeconds = beforeSeconds
            self.holdSeconds = holdSeconds
        }
    }

    package struct Result: Codable, Sendable {
        /// Messages a second at the receiver.
        package var beforePerSecond: Double
        package var heldPerSecond: Double
        /// The slowest sixth of the hold, and the last.
        package var worstPerSecond: Double
        package var lastPerSecond: Double
        /// `worstPerSecond` as a share of `beforePerSecond`.
        package var worstShare: Double
        package var afterPerSecond: Double
        /// At the end of the hold, by table, as the metrics and the doctor see them.
        package var deadTuples: [String: Int]
        package var duplicates: Int
    }

    package typealias Report = BenchmarkReport<Result, Parameters>

    private let parameters: Parameters
    private let settings: Settings
    private let logger: Logger

    package init(_ parameters: Parameters, settings: Settings, logger: Logger) {
        self.parameters = parameters
        self.settings = settings
        self.logger = logger
    }

    package func run() async throws -> Report {
        try await SinkServer.with { sink in
            try await ScratchWorld.with(settings, sink: sink.url, connections: 8, logger: logger) { world in
                let server = try await ServerTimes.find(world.configuration, logger: logger)
                let environment = try await MeasuredOn(world.parts.client, serverIsLocal: server != nil)
                try await world.addSenders(parameters.numbers, perSecond: parameters.rate)
                let result = try await Workers.with(1, environment: world.environment) { _ in
                    try await world.hinting { try await measure(world, sink) }
                }
                return Report(
                    benchmark: "snapshot", result: result, environment: environment, parameters: parameters, problems: problems(result))
            }
        }
    }

    private func measure(_ world: ScratchWorld, _ sink: SinkServer) async throws -> Result {
        try await withThrowingTaskGroup(of: Never.self) { group in
            group.addTask { try await feed(world, sink) }
            defer { group.cancelAll() }
            _ = try await sink.firstRequest(within: .seconds(60))
            try await Task.sleep(for: .seconds(min(10, parameters.beforeSeconds)))
            let before = try await perSecond(sink, parameters.beforeSeconds)
            let (parts, dead) = try await PostgresClient.withDirectConnection(world.configuration, logger: logger) { holder in
                try await holder.script(
                    """
                    SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0;
                    BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM jobs.control
                    """)
                var parts: [Double] = []
                for _ in 0..<6 { parts.append(try await perSecond(sink, parameters.holdSeconds / 6)) }
                let dead = try await world.deadTuples()
                try await holder.script("ROLLBACK")
                return (parts, dead)
            }
            let after = try await perSecond(sink, parameters.beforeSeconds)
            let worst = parts.min() ?? 0
            return Result(
                beforePerSecond: before, heldPerSecond: parts.reduce(0, +) / Double(parts.count), worstPerSecond: worst,
                lastPerSecond: parts.last ?? 0, worstShare: worst / max(1, before), afterPerSecond: after, deadTuples: dead,
                duplicates: SinkStats(sink.log.records()).duplicates)
        }
    }

    private func perSecond(_ sink: SinkServer, _ seconds: Double) async throws -> Double {
        let (start, count) = (ContinuousClock.now, sink.log.count)
        try await Task.sleep(for: .seconds(seconds))
        return Double(sink.log.count - count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// Keeps the queue filled until it is cancelled.
    private func feed(_ world: ScratchWorld, _ sink: SinkServer) async throws -> Never {
        var given = 0
        while true {
            let room = parameters.queued - (given - sink.log.count)
            if room >= min(500, parameters.queued) {
                try await world.handIn(room, from: given, writers: 2) { $0 % parameters.numbers }
                given += room
            } else {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private func problems(_ result: Result) -> [String] {
        var problems: [String] = []
        if result.worstShare < 0.8 {
            problems.append(
                String(
                    format: "with a snapshot held, %.0f messages a second instead of %.0f; 80 %% are promised", result.worstPerSecond,
                    result.beforePerSecond))
        }
        if result.duplicates > 0 { problems.append("\(result.duplicates) messages came more than once") }
        return problems
    }
}

extension ScratchWorld {
    /// Dead rows of the tables that have any.
    fileprivate func deadTuples() async throws -> [String: Int] {
        let rows = try await parts.client.query(
            """
            SELECT schemaname || '.' || relname, n_dead_tup FROM pg_stat_user_tables WHERE n_dead_tup > 0 ORDER BY n_dead_tup DESC LIMIT 12
            """
        ).decode((String, Int).self)
        return Dictionary(rows.map { ($0.0, $0.1) }) { first, _ in first }
    }
}
