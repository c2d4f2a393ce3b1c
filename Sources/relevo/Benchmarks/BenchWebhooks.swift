import ArgumentParser
import Benchmarks

struct BenchWebhooks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "Take in statuses as Meta sends them, with a kill in the middle, and compare with a replay.",
        discussion: """
            Signed POSTs come to a real Relevo on a fixed schedule, some with one status and some with many, and again until they are \
            answered with 200. Then the same statuses come to a second database, shuffled, grouped otherwise and some of them twice. \
            Broken when the median time to the answer is 250 ms or more or 1 % of the answers take over a second (Meta's rule; the time \
            from the kill until the server answers again is left aside), when a message does not end as its statuses say, or when the two \
            databases differ.
            """)
    @OptionGroup var common: Common
    @Option(help: "Status events a second.") var rate = 4000.0
    @Option(help: "How long they come.") var seconds = 60.0
    @Option(help: "Share of the events that come alone; the others come in batches.") var singleShare = 0.25
    @Option(help: "Fewest events of a batch.") var smallestBatch = 100
    @Option(help: "Most events of a batch; Meta's most is 1,000.") var largestBatch = 1000
    @Option(help: "Share of the messages that Meta cannot deliver.") var failedShare = 0.05
    @Option(help: "Numbers that the messages were sent from.") var numbers = 10
    @Option(help: "POSTs at a time.") var connections = 256
    @Option(help: "Another seed tells other statuses.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Longest time for working on what was taken.", valueName: "seconds")) var limit = 300.0
    @Flag(inversion: .prefixedNo, help: "Kill the serving process in the middle; it is started again at once.") var kill = true
    @Flag(help: "Run the HTTP side and the workers as processes of their own; only the HTTP side is killed.") var split = false
    @Flag(inversion: .prefixedNo, help: "Statuses name the recipient's user id too.") var userIds = true

    func validate() throws {
        guard rate >= 1, rate <= 100_000 else { throw ValidationError("--rate: found \(rate); expected 1 to 100000.") }
        guard seconds >= 1, seconds <= 3600 else { throw ValidationError("--seconds: found \(seconds); expected 1 to 3600.") }
        guard rate * seconds <= 5_000_000 else {
            throw ValidationError("--rate and --seconds: found \(rate * seconds) events; expected at most 5000000.")
        }
        for (name, share) in [("--single-share", singleShare), ("--failed-share", failedShare)] where !(0...1).contains(share) {
            throw ValidationError("\(name): found \(share); expected 0 to 1.")
        }
        try check("--smallest-batch", smallestBatch, 1...3000)
        try check("--largest-batch", largestBatch, smallestBatch...3000)
        try check("--numbers", numbers, 1...10_000)
        try check("--connections", connections, 8...10_000)
        guard limit >= 1, limit <= 86_400 else { throw ValidationError("--limit: found \(limit); expected 1 to 86400.") }
    }

    func run() async throws {
        let parameters = WebhooksBenchmark.Parameters(
            rate: rate, seconds: seconds, singleShare: singleShare, smallestBatch: smallestBatch, largestBatch: largestBatch,
            failedShare: failedShare, numbers: numbers, userIds: userIds, connections: connections, kill: kill, split: split, seed: seed,
            limitSeconds: limit)
        try await common.bench { try await WebhooksBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}
