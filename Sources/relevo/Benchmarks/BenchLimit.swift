import ArgumentParser
import Benchmarks

struct BenchLimit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Send from one number at its limit, and judge at the receiver.",
        discussion: """
            Worker processes send to a receiver in this process. Broken when any sliding second holds more than the limit and one (above \
            80 a second: one percent), or when less than 98 % of the limit is used (95 % when a worker is killed).
            """)
    @OptionGroup var common: Common
    @Option(help: "What Meta allows the number, a second.") var rate = 80.0
    @Option(help: "Worker processes.") var workers = 1
    @Option(help: "Measured time.") var seconds = 60.0
    @Flag(help: "Kill one worker in the middle; a single one is started again.") var kill = false

    func validate() throws {
        guard rate >= 1, rate <= 10_000 else { throw ValidationError("--rate: found \(rate); expected 1 to 10000.") }
        try check("--workers", workers, 1...64)
        guard seconds >= 1, seconds <= 86_400 else { throw ValidationError("--seconds: found \(seconds); expected 1 to 86400.") }
    }

    func run() async throws {
        let parameters = LimitBenchmark.Parameters(rate: rate, workers: workers, seconds: seconds, kill: kill)
        try await common.bench { try await LimitBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}

struct BenchFairness: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fairness", abstract: "Send for many small numbers while one has a long queue.",
        discussion: "Broken when the small numbers' p99 from due to sent exceeds two seconds, or the big number falls behind its limit.")
    @OptionGroup var common: Common
    @Option(help: "Messages queued for the one number.") var big = 100_000
    @Option(help: "Small numbers.") var numbers = 10_000
    @Option(help: "Messages of each small number.") var each = 10
    @Option(help: "Every number's limit, a second.") var rate = 80.0
    @Option(help: "Messages of the small numbers that become due in a second.") var smallPerSecond = 1000.0
    @Option(help: "Worker processes.") var workers = 1

    func validate() throws {
        try check("--big", big, 1...10_000_000)
        try check("--numbers", numbers, 1...1_000_000)
        try check("--each", each, 1...10_000)
        try check("--workers", workers, 1...64)
        guard rate >= 1, rate <= 10_000 else { throw ValidationError("--rate: found \(rate); expected 1 to 10000.") }
        guard smallPerSecond >= 1 else { throw ValidationError("--small-per-second: found \(smallPerSecond); expected 1 or more.") }
    }

    func run() async throws {
        let parameters = FairnessBenchmark.Parameters(
            big: big, numbers: numbers, each: each, rate: rate, smallPerSecond: smallPerSecond, workers: workers)
        try await common.bench { try await FairnessBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}
