package import App
import Foundation
package import Logging
import Postgres

/// How fast queued messages leave: the real gateway, engine, database and HTTP client, to a receiver.
package struct SendBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// Base of the receiver.
        package var sink: String
        package var messages: Int
        package var numbers: Int
        /// Requests at a time of each process.
        package var concurrency: Int
        /// Worker processes; 0 sends from this process.
        package var workers: Int
        /// Transactions at a time that hand messages in.
        package var writers: Int
        /// Longest time for the sending, in seconds.
        package var limitSeconds: Double

        package init(
            sink: String, messages: Int = 50_000, numbers: Int = 50, concurrency: Int = 512, workers: Int = 0, writers: Int = 4,
            limitSeconds: Double = 300
        ) {
            self.sink = sink
            self.messages = messages
            self.numbers = numbers
            self.concurrency = concurrency
            self.workers = workers
            self.writers = writers
            self.limitSeconds = limitSeconds
        }
    }

    package struct Result: Codable, Sendable {
        package var enqueuePerSecond: Double
        /// Accepted messages a second, from the start of the workers to the last acceptance by the server's clock.
        package var drainPerSecond: Double
        package var drainSeconds: Double
        /// From the start of the workers to the first message begun; part of `drainSeconds`.
        package var startSeconds: Double
        package var accepted: Int
        package var states: [String: Int]
        package var drain: SpendingPerMessage
        package var enqueue: SpendingPerMessage
        /// The receiver's own count and the repeats it saw; nil when the receiver is not `relevo bench sink`.
        package var sinkCount: Int?
        package var sinkDuplicates: Int?
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

    /// Throws `BenchmarkError`, or what the database says. Messages that were not accepted in time are a problem of the report.
    package func run() async throws -> Report {
        try await ScratchWorld.with(
            settings, sink: parameters.sink, connections: parameters.concurrency, logger: logger
        ) { world in
            let server = try await ServerTimes.find(world.configuration, logger: logger)
            let environment = try await MeasuredOn(world.parts.client, serverIsLocal: server != nil)
            try await world.addSenders(parameters.numbers, perSecond: nil)
            let empty = try await Spending.now(world.parts.client, server)
            let handedIn = try await world.handIn(parameters.messages, writers: parameters.writers) { $0 % parameters.numbers }
            let sink = SinkClient(parameters.sink)
            if await sink.stats() != nil { await sink.reset() }
            let full = try await Spending.now(world.parts.client, server)
            let (start, isDone) = try await drain(world)
            let sent = try await Spending.now(world.parts.client, server)
            let span = try await world.span()
            let states = try await world.states()
            let seen = await sink.stats()
            let accepted = states["accepted"] ?? 0
            let seconds = max(0.001, span.last.map { $0.timeIntervalSince(start) } ?? 0)
            let result = Result(
                enqueuePerSecond: Double(parameters.messages) / (handedIn / .seconds(1)), drainPerSecond: Double(accepted) / seconds,
                drainSeconds: seconds, startSeconds: span.first.map { $0.timeIntervalSince(start) } ?? 0, accepted: accepted,
                states: states, drain: sent.since(full, messages: accepted), enqueue: full.since(empty, messages: parameters.messages),
                sinkCount: seen?.count, sinkDuplicates: seen?.duplicates)
            return Report(
                benchmark: "send", result: result, environment: environment, parameters: parameters,
                problems: problems(result, isDone: isDone))
        }
    }

    private func drain(_ world: ScratchWorld) async throws -> (start: Date, isDone: Bool) {
        let limit = Duration.seconds(parameters.limitSeconds)
        let start = try await world.serverTime()
        if parameters.workers > 0 {
            let isDone = try await Workers.with(parameters.workers, environment: world.environment) { _ in
                try await world.drained(within: limit)
            }
            return (start, isDone)
        }
        return (start, try await world.working(concurrency: parameters.concurrency) { try await world.drained(within: limit) })
    }

    private func problems(_ result: Result, isDone: Bool) -> [String] {
        var problems: [String] = []
        if !isDone { problems.append("not everything was sent within \(parameters.limitSeconds) s") }
        if result.accepted < parameters.messages {
            problems.append("\(result.accepted) of \(parameters.messages) messages were accepted; states: \(result.states)")
        }
        if let count = result.sinkCount, count != parameters.messages {
            problems.append("the receiver saw \(count) requests for \(parameters.messages) messages")
        }
        if let repeats = result.sinkDuplicates, repeats > 0 { problems.append("the receiver saw \(repeats) messages more than once") }
        return problems
    }
}
