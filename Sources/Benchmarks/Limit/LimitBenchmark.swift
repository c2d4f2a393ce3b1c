package import App
import Foundation
package import Logging
import Postgres

/// Whether a number's limit holds at the receiver's clock, and how much of it is used.
package struct LimitBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// What Meta allows the number, a second.
        package var rate: Double
        /// Worker processes.
        package var workers: Int
        /// Measured time, from two seconds after the first request.
        package var seconds: Double
        /// One worker is killed in the middle; a single one is started again at once.
        package var kill: Bool

        package init(rate: Double = 80, workers: Int = 1, seconds: Double = 60, kill: Bool = false) {
            self.rate = rate
            self.workers = workers
            self.seconds = seconds
            self.kill = kill
        }

        /// The most that any sliding second may hold.
        var bound: Int { rate <= 80 ? Int(rate) + 1 : Int(rate * 1.01) }
        /// The least share of the allowance that has to be used.
        var leastShare: Double { kill ? 0.95 : 0.98 }
    }

    package struct Result: Codable, Sendable {
        package var requests: Int
        /// Most in any second that begins anywhere, of the whole run.
        package var worstSecond: Int
        /// When it begins, in seconds after the first request.
        package var worstSecondAt: Double
        package var allowedSecond: Int
        /// Requests in the measured time as a share of rate × time.
        package var usedShare: Double
        package var neededShare: Double
        /// The longest time without a request, in milliseconds.
        package var longestGapMillis: Double
        /// How late the receiver itself was at worst, in milliseconds. Its times are true to within this, or to two ticks of the kernel where that
        /// tells when a request came in.
        package var receiverLagMillis: Double
        package var duplicates: Int
        /// Slots that passed unused because their attempt came late: before its intent, and after.
        package var missedBeforeIntent: Int
        package var missedAfterIntent: Int
        /// Slots that were left unused because sends that were late had taken their place.
        package var heldBack: Int
        package var states: [String: Int]
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

    /// A bound that was broken is a problem of the report.
    package func run() async throws -> Report {
        try await SinkServer.with(asksKernel: true) { sink in
            try await ScratchWorld.with(settings, sink: sink.url, connections: 8, logger: logger) { world in
                let server = try await ServerTimes.find(world.configuration, logger: logger)
                let environment = try await MeasuredOn(world.parts.client, serverIsLocal: server != nil)
                try await world.addSenders(1, perSecond: parameters.rate)
                // Enough that the queue is never empty while it is measured.
                let messages = Int((parameters.rate * (parameters.seconds + 10) * 1.1).rounded(.up))
                try await world.handIn(messages, writers: 4) { _ in 0 }
                let span = try await Workers.with(parameters.workers, environment: world.environment) { workers in
                    try await measure(sink, workers)
                }
                let lag = Double(sink.lag.worst) / 1000
                let result = judge(
                    sink.log.records(), span, lag: lag, states: try await world.states(), missed: try await world.missedSlots())
                return Report(
                    benchmark: "limit", result: result, environment: environment, parameters: parameters, problems: problems(result))
            }
        }
    }

    /// The measured time, by the receiver's clock.
    private func measure(_ sink: SinkServer, _ workers: Workers.Fleet) async throws -> Range<Int64> {
        let first = try await sink.firstRequest(within: .seconds(60))
        sink.lag.begin()
        let start = first + 2_000_000
        let end = start + Int64(parameters.seconds * 1_000_000)
        if parameters.kill {
            try await sleep(until: (start + end) / 2)
            await workers.killFirst()
            if parameters.workers == 1 { try await workers.start() }
        }
        try await sleep(until: end)
        return start..<end
    }

    private func sleep(until time: Int64) async throws { try await Task.sleep(for: .microseconds(max(0, time - MonotonicTime.micros))) }

    private func judge(_ records: [SinkRecord], _ span: Range<Int64>, lag: Double, states: [String: Int], missed: [String: Int]) -> Result {
        let all = records.map(\.time).sorted()
        let busiest = SlidingWindow.busiest(all, width: 1_000_000)
        let times = all.filter(span.contains)
        let gaps = zip([span.lowerBound] + times, times + [span.upperBound]).map { $0.1 - $0.0 }
        return Result(
            requests: times.count, worstSecond: busiest?.count ?? 0,
            worstSecondAt: busiest.map { Double($0.start - all[0]) / 1_000_000 } ?? 0, allowedSecond: parameters.bound,
            usedShare: Double(times.count) / (parameters.rate * parameters.seconds), neededShare: parameters.leastShare,
            longestGapMillis: Double(gaps.max() ?? 0) / 1000, receiverLagMillis: lag, duplicates: SinkStats(records).duplicates,
            missedBeforeIntent: missed["B"] ?? 0,
            missedAfterIntent: missed["R"] ?? 0, heldBack: missed["full"] ?? 0, states: states)
    }

    private func problems(_ result: Result) -> [String] {
        var problems: [String] = []
        if result.worstSecond > result.allowedSecond {
            problems.append("\(result.worstSecond) requests in one second; \(result.allowedSecond) are allowed")
        }
        if result.usedShare < result.neededShare {
            let (used, needed) = (result.usedShare * 100, result.neededShare * 100)
            problems.append(String(format: "%.2f %% of the allowance was used; at least %.0f %% is wanted", used, needed))
        }
        if result.duplicates > 0 { problems.append("\(result.duplicates) messages came more than once") }
        return problems
    }
}

extension SinkServer {
    /// Lends one on a free port, as the judge of what is measured.
    static func with<T: Sendable>(asksKernel: Bool = false, _ body: @Sendable (SinkServer) async throws -> T) async throws -> T {
        let sink = try await SinkServer(asksKernel: asksKernel)
        sink.judge()
        do {
            let value = try await body(sink)
            await sink.close()
            return value
        } catch {
            await sink.close()
            throw error
        }
    }

    /// When the first request came. Throws `BenchmarkError` when none comes.
    func firstRequest(within limit: Duration) async throws -> Int64 {
        let end = ContinuousClock.now + limit
        while log.count == 0 {
            guard ContinuousClock.now < end else { throw BenchmarkError("no request came within \(limit)") }
            try await Task.sleep(for: .milliseconds(10))
        }
        return log.records().map(\.time).min() ?? MonotonicTime.micros
    }
}
