import App
import ArgumentParser
import Benchmarks
import Foundation

struct BenchSink: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink", abstract: "Run a receiver that answers every message and remembers when it came.",
        discussion: """
            GET /_sink/stats tells what came: counts, the most in any second and, with window_ms=, in any other time, a number at a time; \
            since_us= and until_us= bound it by the monotonic clock, top= sets how many numbers are listed. POST /_sink/reset forgets all.
            """)
    @OptionGroup var common: Common
    @Option(help: "Address to listen on.") var host = "127.0.0.1"
    @Option(help: "Port; 0 takes a free one.") var port = 9192
    @Option(name: .customLong("delay-ms"), help: "Time before each answer, in milliseconds.") var delay = 0
    @Option(help: "Most requests remembered; 24 bytes each.") var capacity = 5_000_000

    func validate() throws {
        try check("--port", port, 0...65_535)
        try check("--delay-ms", delay, 0...600_000)
        try check("--capacity", capacity, 1...100_000_000)
    }

    func run() async throws {
        let server: SinkServer
        do {
            server = try await SinkServer(host: host, port: port, delay: .milliseconds(delay), capacity: capacity)
        } catch {
            throw Failure(.failed, "the sink cannot listen on \(host):\(port): \(error)")
        }
        let url = "http://\(host):\(server.port)"
        if common.json { try Output.jsonLine(["url": url]) } else { Output.line("the sink listens on \(url)") }
        try? await Interruption.cancels { try await Task.sleep(for: .seconds(1_000_000_000)) }
        await server.close()
    }
}
