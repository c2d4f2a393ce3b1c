package import App
import Foundation
import Jobs
package import Logging
import Postgres

/// How many jobs a second the engine carries out when they do nothing.
package struct JobsBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        package var jobs: Int
        package var lanes: Int
        package var concurrency: Int
        package var limitSeconds: Double

        package init(jobs: Int = 50_000, lanes: Int = 50, concurrency: Int = 512, limitSeconds: Double = 300) {
            self.jobs = jobs
            self.lanes = lanes
            self.concurrency = concurrency
            self.limitSeconds = limitSeconds
        }
    }

    package struct Run: Codable, Sendable {
        package var enqueuePerSecond: Double
        /// From the start of the engine to the last recorded outcome.
        package var drainPerSecond: Double
        package var done: Int
        package var drain: SpendingPerMessage
    }

    package struct Result: Codable, Sendable {
        package var atLeastOnce: Run
        package var atMostOnce: Run
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
        let (least, environment) = try await run(.atLeastOnce)
        let (most, _) = try await run(.atMostOnce)
        var problems: [String] = []
        for (name, run) in [("at-least-once", least), ("at-most-once", most)] where run.done < parameters.jobs {
            problems.append("\(run.done) of \(parameters.jobs) \(name) jobs were done within \(parameters.limitSeconds) s")
        }
        return Report(
            benchmark: "jobs", result: Result(atLeastOnce: least, atMostOnce: most), environment: environment, parameters: parameters,
            problems: problems)
    }

    /// A database for each: the second would else work among the first one's dead rows.
    private func run(_ delivery: Delivery) async throws -> (Run, MeasuredOn) {
        try await ScratchWorld.with(settings, sink: "http://127.0.0.1:9", connections: 8, logger: logger) { world in
            let server = try await ServerTimes.find(world.configuration, logger: logger)
            let environment = try await MeasuredOn(world.parts.client, serverIsLocal: server != nil)
            let kind = NothingKind(delivery: delivery)
            let handedIn = try await enqueue(kind, world)
            let full = try await Spending.now(world.parts.client, server)
            let start = try await world.serverTime()
            var engine = EngineSettings()
            engine.maxInFlight = parameters.concurrency
            let limit = Duration.seconds(parameters.limitSeconds)
            _ = try await world.running([
                JobEngine(client: world.parts.client, kinds: [kind], workflows: [], settings: engine, logger: logger)
            ]) { try await world.drained(within: limit) }
            let spent = try await Spending.now(world.parts.client, server)
            let row = try await world.parts.client.query("SELECT count(*), max(at) FROM jobs.outcome WHERE result = 'S'")
                .decodeFirst((Int, Date?).self)
            let seconds = max(0.001, row?.1.map { $0.timeIntervalSince(start) } ?? 0)
            let done = row?.0 ?? 0
            return (
                Run(
                    enqueuePerSecond: Double(parameters.jobs) / (handedIn / .seconds(1)), drainPerSecond: Double(done) / seconds,
                    done: done, drain: spent.since(full, messages: done)), environment
            )
        }
    }

    private func enqueue(_ kind: NothingKind, _ world: ScratchWorld) async throws -> Duration {
        var lanes: [Int64] = []
        for index in 0..<parameters.lanes {
            lanes.append(
                try await Lanes.ensure(
                    "benchmark:\(index)", limits: LaneLimits(perSecond: nil, burst: 1, maxRunning: 1000), on: world.parts.client))
        }
        let start = ContinuousClock.now
        var next = 0
        while next < parameters.jobs {
            let batch = next..<min(next + 1000, parameters.jobs)
            _ = try await JobQueue.enqueue(
                batch.map { NewJob(lane: lanes[$0 % lanes.count], kind: kind.name, payload: Data(repeating: 7, count: 16)) },
                on: world.parts.client)
            next = batch.upperBound
        }
        return ContinuousClock.now - start
    }
}

/// Work that does nothing.
private struct NothingKind: JobKind {
    let name = "nothing"
    let delivery: Delivery

    func perform(_ attempt: Attempt) async -> (AttemptResult, detail: (any AttemptDetail)?) { (.done(providerID: nil), nil) }
}
