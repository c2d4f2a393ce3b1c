package import App
import Foundation
import Gateway
package import Logging
import Postgres

/// Whether one number with a long queue holds up many with short ones.
package struct FairnessBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// Queued for the one number before anything is sent.
        package var big: Int
        /// Numbers with little to send, and how much each.
        package var numbers: Int
        package var each: Int
        /// Meta's rate of every number, a second.
        package var rate: Double
        /// How many messages of the small numbers become due in a second, all together and in random order.
        package var smallPerSecond: Double
        package var workers: Int

        package init(
            big: Int = 100_000, numbers: Int = 10_000, each: Int = 10, rate: Double = 80, smallPerSecond: Double = 1000, workers: Int = 1
        ) {
            self.big = big
            self.numbers = numbers
            self.each = each
            self.rate = rate
            self.smallPerSecond = smallPerSecond
            self.workers = workers
        }
    }

    package struct Result: Codable, Sendable {
        /// From the hand-in, before which a message is not due, to its arrival at the receiver.
        package var smallMillis: Percentiles
        package var missing: Int
        /// Of the small numbers, really reached.
        package var handedInPerSecond: Double
        /// The big number while the small ones were handed in: the share of its rate, and its most in any second.
        package var bigShare: Double
        package var bigWorstSecond: Int
        /// How late the receiver itself was at worst, in milliseconds.
        package var receiverLagMillis: Double
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
                try await world.addSenders(parameters.numbers + 1, perSecond: parameters.rate)
                try await world.handIn(parameters.big, writers: 4) { _ in 0 }
                let result = try await Workers.with(parameters.workers, environment: world.environment) { _ in
                    _ = try await sink.firstRequest(within: .seconds(60))
                    // Past the burst with which the big number begins.
                    try await Task.sleep(for: .seconds(2))
                    return try await world.hinting { try await measure(world, sink) }
                }
                return Report(
                    benchmark: "fairness", result: result, environment: environment, parameters: parameters, problems: problems(result))
            }
        }
    }

    private func measure(_ world: ScratchWorld, _ sink: SinkServer) async throws -> Result {
        let start = MonotonicTime.micros
        let due = try await handInSmall(world)
        let end = MonotonicTime.micros
        let deadline = ContinuousClock.now + .seconds(60)
        var arrivals: [UInt64: Int64] = [:]
        var read = 0
        while true {
            for record in sink.log.records(from: read) {
                read += 1
                if due[record.callback] != nil, arrivals[record.callback] == nil { arrivals[record.callback] = record.time }
            }
            if arrivals.count == due.count || ContinuousClock.now > deadline { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        let records = sink.log.records()
        let big = records.filter { String($0.number) == ScratchWorld.senderID(0) }.map(\.time).sorted()
        let during = big.count { $0 >= start && $0 < end }
        return Result(
            smallMillis: Percentiles(arrivals.map { Double($0.value - (due[$0.key] ?? $0.value)) / 1000 }),
            missing: due.count - arrivals.count, handedInPerSecond: Double(due.count) * 1_000_000 / Double(max(1, end - start)),
            bigShare: Double(during) * 1_000_000 / (parameters.rate * Double(max(1, end - start))),
            bigWorstSecond: SlidingWindow.worst(big, width: 1_000_000),
            receiverLagMillis: Double(sink.lag.worst) / 1000, duplicates: SinkStats(records).duplicates)
    }

    /// Hands the small numbers' messages in, paced by the time that has passed; returns when each was due.
    private func handInSmall(_ world: ScratchWorld) async throws -> [UInt64: Int64] {
        let senders = (0..<(parameters.numbers * parameters.each)).map { $0 % parameters.numbers + 1 }.shuffled()
        var due: [UInt64: Int64] = [:]
        due.reserveCapacity(senders.count)
        let start = ContinuousClock.now
        var done = 0
        while done < senders.count {
            let wanted = min(senders.count, Int((ContinuousClock.now - start) / .seconds(1) * parameters.smallPerSecond))
            if wanted > done {
                let batch = (done..<min(wanted, done + 500)).map {
                    ScratchWorld.submission(parameters.big + $0, sender: senders[$0])
                }
                let time = MonotonicTime.micros
                for result in try await world.parts.gateway.submit(batch: batch) {
                    due[SinkHash.of(ScratchWorld.callback(try result.get().id))] = time
                }
                done += batch.count
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return due
    }

    private func problems(_ result: Result) -> [String] {
        var problems: [String] = []
        if result.smallMillis.p99 > 2000 {
            problems.append(String(format: "the small numbers' p99 is %.0f ms; 2000 ms are allowed", result.smallMillis.p99))
        }
        if result.missing > 0 { problems.append("\(result.missing) messages did not arrive") }
        if result.duplicates > 0 { problems.append("\(result.duplicates) messages came more than once") }
        if result.bigShare < 0.9 {
            let share = result.bigShare * 100
            problems.append(String(format: "the big number used %.1f %% of its rate meanwhile; at least 90 %% is wanted", share))
        }
        if result.handedInPerSecond < parameters.smallPerSecond * 0.9 {
            problems.append(String(format: "only %.0f messages a second could be handed in", result.handedInPerSecond))
        }
        return problems
    }
}
