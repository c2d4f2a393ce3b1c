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

struct BenchSnapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Send while a transaction stays open, so that PostgreSQL can remove nothing that is dead.",
        discussion: "Broken when the slowest sixth of that time gets less than 80 % of what was sent before.")
    @OptionGroup var common: Common
    @Option(help: "Sending numbers.") var numbers = 50
    @Option(help: "Messages a second of each number; without it, no limit.") var rate: Double?
    @Option(help: "Messages kept queued.") var queued = 10_000
    @Option(help: ArgumentHelp("How long it is measured before and after.", valueName: "seconds")) var before = 60.0
    @Option(help: ArgumentHelp("How long the transaction stays open.", valueName: "seconds")) var hold = 600.0

    func validate() throws {
        try check("--numbers", numbers, 1...100_000)
        try check("--queued", queued, 1...10_000_000)
        if let rate, !(0.1...1000).contains(rate) { throw ValidationError("--rate: found \(rate); expected 0.1 to 1000.") }
        for (name, value) in [("--before", before), ("--hold", hold)] where !(1...86_400).contains(value) {
            throw ValidationError("\(name): found \(value); expected 1 to 86400.")
        }
    }

    func run() async throws {
        let parameters = SnapshotBenchmark.Parameters(
            numbers: numbers, rate: rate, queued: queued, beforeSeconds: before, holdSeconds: hold)
        try await common.bench { try await SnapshotBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}

struct BenchJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Carry out jobs that do nothing, in both delivery modes.")
    @OptionGroup var common: Common
    @Option(help: "Jobs in each mode.") var jobs = 50_000
    @Option(help: "Lanes.") var lanes = 50
    @Option(help: "Jobs under way at a time.") var concurrency = 512
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
