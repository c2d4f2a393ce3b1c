package import App
import Foundation
package import Logging
import Postgres
import Server

/// How long a message takes through an idle system: from the API call to its arrival at the receiver.
package struct LatencyBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        package var calls: Int
        /// HTTP side and workers as processes of their own.
        package var split: Bool

        package init(calls: Int = 500, split: Bool = false) {
            self.calls = calls
            self.split = split
        }
    }

    package struct Result: Codable, Sendable {
        /// From just before the call's first byte to the whole request at the receiver, in milliseconds.
        package var toReceiverMillis: Percentiles
        /// From there to the whole answer at the caller, who waits for the outcome.
        package var toAnswerMillis: Percentiles
        package var missing: Int
        package var duplicates: Int
    }

    package typealias Report = BenchmarkReport<Result, Parameters>

    private let parameters: Parameters
    private let settings: Settings
    private let logger: Logger
    /// Calls before the measured ones: connections and caches are warm in a system that runs.
    private static let warmUp = 20

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
                try await world.addSenders(10, perSecond: 80)
                let key = try await world.parts.keys.create(name: "benchmark", scopes: [.send], by: "benchmark").key
                let port = try CallClient.freePort()
                let processes = world.environment.merging(["RELEVO_HTTP_HOST": "127.0.0.1", "RELEVO_HTTP_PORT": "\(port)"]) { $1 }
                let result = try await Workers.with(parameters.split ? ["serve", "work"] : ["up"], environment: processes) { _ in
                    let client = CallClient(url: "http://127.0.0.1:\(port)", key: key)
                    try await client.ready()
                    return try await measure(client, sink)
                }
                var problems: [String] = []
                if result.missing > 0 { problems.append("\(result.missing) messages did not arrive") }
                if result.duplicates > 0 { problems.append("\(result.duplicates) messages came more than once") }
                return Report(benchmark: "latency", result: result, environment: environment, parameters: parameters, problems: problems)
            }
        }
    }

    private func measure(_ client: CallClient, _ sink: SinkServer) async throws -> Result {
        var answers: [CallClient.Answer] = []
        for index in 0..<(parameters.calls + Self.warmUp) {
            let answer = try await client.send(index, from: ScratchWorld.senderID(index % 10))
            if index >= Self.warmUp { answers.append(answer) }
            // One call at a time, at moments that have nothing to do with any timer of ours.
            try await Task.sleep(for: .milliseconds(Int.random(in: 20...120)))
        }
        let records = sink.log.records()
        let arrivals = Dictionary(records.map { ($0.callback, $0.time) }) { first, _ in first }
        var (there, back, missing) = ([Double](), [Double](), 0)
        for answer in answers {
            back.append(Double(answer.answered - answer.asked) / 1000)
            if let time = arrivals[SinkHash.of(ScratchWorld.callback(answer.messageID))] {
                there.append(Double(time - answer.asked) / 1000)
            } else {
                missing += 1
            }
        }
        return Result(
            toReceiverMillis: Percentiles(there), toAnswerMillis: Percentiles(back), missing: missing,
            duplicates: SinkStats(records).duplicates)
    }
}
