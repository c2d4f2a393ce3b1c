import ArgumentParser
import Benchmarks

struct BenchLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "Time single calls through an idle system, from the API to the receiver.")
    @OptionGroup var common: Common
    @Option(help: "Calls, one after the other.") var calls = 500
    @Flag(help: "Run the HTTP side and the workers as processes of their own.") var split = false

    func validate() throws { try check("--calls", calls, 1...1_000_000) }

    func run() async throws {
        let parameters = LatencyBenchmark.Parameters(calls: calls, split: split)
        try await common.bench { try await LatencyBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}

struct BenchBacklog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backlog", abstract: "Send with a very long queue: the worker's memory, and the time of a claim.",
        discussion: "Broken when the worker holds more than 300 MiB or a claim takes twice as long as at a thousand messages.")
    @OptionGroup var common: Common
    @Option(help: "Messages queued.") var messages = 1_000_000
    @Option(help: "Sending numbers.") var numbers = 50
    @Option(help: ArgumentHelp("How long the worker sends.", valueName: "seconds")) var seconds = 30.0
    @Option(help: "Claims timed at each length of the queue.") var claims = 100

    func validate() throws {
        try check("--messages", messages, 1...100_000_000)
        try check("--numbers", numbers, 1...100_000)
        try check("--claims", claims, 1...100_000)
        guard seconds >= 1, seconds <= 86_400 else { throw ValidationError("--seconds: found \(seconds); expected 1 to 86400.") }
    }

    func run() async throws {
        let parameters = BacklogBenchmark.Parameters(messages: messages, numbers: numbers, seconds: seconds, claims: claims)
        try await common.bench { try await BacklogBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}

struct BenchJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Carry out jobs that do nothing, in both delivery modes.")
    @OptionGroup var common: Common
    @Option(help: "Jobs in each mode.") var jobs = 50_000
    @Option(help: "Lanes.") var lanes = 50
    @Option(help: "Jobs under way at a time.") var concurrency = 256
    @Option(help: ArgumentHelp("Longest time for each mode.", valueName: "seconds")) var limit = 300.0

    func validate() throws {
        try check("--jobs", jobs, 1...100_000_000)
        try check("--lanes", lanes, 1...100_000)
        try check("--concurrency", concurrency, 1...10_000)
    }

    func run() async throws {
        let parameters = JobsBenchmark.Parameters(jobs: jobs, lanes: lanes, concurrency: concurrency, limitSeconds: limit)
        try await common.bench { try await JobsBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}
