import ArgumentParser
import Benchmarks

struct BenchSend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Queue messages and send them through everything, to a receiver.",
        discussion: "The senders have no limit of rate and every recipient gets one message, so that only the work itself takes time.")
    @OptionGroup var common: Common
    @Option(help: ArgumentHelp("Base URL of the receiver: relevo bench sink, or nginx.", valueName: "url")) var sink: String
    @Option(help: "Messages.") var messages = 50_000
    @Option(help: "Sending numbers.") var numbers = 50
    @Option(help: "Requests at a time, when sent from this process.") var concurrency = 512
    @Option(help: "Worker processes; 0 sends from this one.") var workers = 0
    @Option(help: "Transactions at a time that hand messages in.") var writers = 4
    @Option(help: ArgumentHelp("Longest time for sending.", valueName: "seconds")) var limit = 300.0

    func validate() throws {
        try check("--sink", url: sink)
        try check("--messages", messages, 1...10_000_000)
        try check("--numbers", numbers, 1...100_000)
        try check("--concurrency", concurrency, 1...10_000)
        try check("--workers", workers, 0...64)
        try check("--writers", writers, 1...20)
    }

    func run() async throws {
        let parameters = SendBenchmark.Parameters(
            sink: sink, messages: messages, numbers: numbers, concurrency: concurrency, workers: workers, writers: writers,
            limitSeconds: limit)
        try await common.bench { try await SendBenchmark(parameters, settings: $0, logger: $1).run() }
    }
}

struct BenchSendCeiling: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send-ceiling", abstract: "Make the same requests as send, without a database.")
    @OptionGroup var common: Common
    @Option(help: ArgumentHelp("Base URL of the receiver: relevo bench sink, or nginx.", valueName: "url")) var sink: String
    @Option(help: "Requests.") var messages = 50_000
    @Option(help: "Sending numbers.") var numbers = 50
    @Option(help: "Requests at a time.") var concurrency = 512
    @Option(help: ArgumentHelp("Longest time.", valueName: "seconds")) var limit = 300.0
    @Flag(name: .customLong("http2"), help: "HTTP/2, where an https receiver speaks it whose certificate this machine trusts.") var http2 =
        false

    func validate() throws {
        try check("--sink", url: sink)
        try check("--messages", messages, 1...100_000_000)
        try check("--numbers", numbers, 1...100_000)
        try check("--concurrency", concurrency, 1...10_000)
    }

    func run() async throws {
        let parameters = SendCeilingBenchmark.Parameters(
            sink: sink, messages: messages, numbers: numbers, concurrency: concurrency, limitSeconds: limit, http2: http2)
        try await common.bench { try await SendCeilingBenchmark(parameters, logger: $1).run() }
    }
}
