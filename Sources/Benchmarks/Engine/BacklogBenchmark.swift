package import App
import Foundation
import Jobs
package import Logging
import Postgres

/// Whether a long queue costs a worker memory or time.
package struct BacklogBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        package var messages: Int
        package var numbers: Int
        /// How long the worker sends.
        package var seconds: Double
        /// Claims timed at each length of the queue.
        package var claims: Int

        package init(messages: Int = 1_000_000, numbers: Int = 50, seconds: Double = 30, claims: Int = 100) {
            self.messages = messages
            self.numbers = numbers
            self.seconds = seconds
            self.claims = claims
        }

        var few: Int { min(1000, messages) }
    }

    package struct Result: Codable, Sendable {
        package var enqueuePerSecond: Double
        /// One claim of as many jobs as an engine performs at a time, with its commit, at a queue of 1,000 and of all, in milliseconds.
        package var claimMillisAtFew: Percentiles
        package var claimMillisAtAll: Percentiles
        package var sentPerSecond: Double
        /// The worker's peak resident memory, in MiB.
        package var workerPeakMib: Double
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
                let numbers = parameters.numbers
                try await world.addSenders(numbers, perSecond: nil)
                try await world.handIn(parameters.few, writers: 1) { $0 % numbers }
                let few = try await claims(world)
                let handedIn = try await world.handIn(parameters.messages - parameters.few, from: parameters.few, writers: 6) {
                    $0 % numbers
                }
                let all = try await claims(world)
                let (count, peak) = try await Workers.with(1, environment: world.environment) { workers in
                    _ = try await sink.firstRequest(within: .seconds(60))
                    let before = sink.log.count
                    try await Task.sleep(for: .seconds(parameters.seconds))
                    let process = await workers.processes.first
                    return (sink.log.count - before, process.flatMap { ProcessTimes.peakKiB($0.id) } ?? 0)
                }
                let result = Result(
                    enqueuePerSecond: Double(parameters.messages - parameters.few) / max(0.001, handedIn / .seconds(1)),
                    claimMillisAtFew: few, claimMillisAtAll: all, sentPerSecond: Double(count) / parameters.seconds,
                    workerPeakMib: Double(peak) / 1024, duplicates: SinkStats(sink.log.records()).duplicates)
                return Report(
                    benchmark: "backlog", result: result, environment: environment, parameters: parameters, problems: problems(result))
            }
        }
    }

    private func claims(_ world: ScratchWorld) async throws -> Percentiles {
        Percentiles(try await ClaimProbe.times(parameters.claims, on: world.parts.client).map { $0 / .milliseconds(1) })
    }

    private func problems(_ result: Result) -> [String] {
        var problems: [String] = []
        if result.workerPeakMib == 0 || result.workerPeakMib > 300 {
            problems.append(String(format: "the worker held %.0f MiB; 300 MiB are allowed", result.workerPeakMib))
        }
        // Twice, and a millisecond for chance: a scan that grows with the queue costs a thousand times as much.
        if result.claimMillisAtAll.p50 > result.claimMillisAtFew.p50 * 2 + 1 {
            problems.append(
                String(format: "a claim takes %.1f ms instead of %.1f ms", result.claimMillisAtAll.p50, result.claimMillisAtFew.p50))
        }
        if result.duplicates > 0 { problems.append("\(result.duplicates) messages came more than once") }
        return problems
    }
}
