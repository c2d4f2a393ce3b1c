import AsyncHTTPClient
import CloudAPI
import Foundation
package import Logging

/// What the HTTP client alone reaches: the same requests as `send`, and no database.
package struct SendCeilingBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        package var sink: String
        package var messages: Int
        package var numbers: Int
        package var concurrency: Int
        package var limitSeconds: Double
        /// HTTP/2 where the receiver speaks it, which takes TLS; else HTTP/1.1, as Relevo does.
        package var http2: Bool

        package init(
            sink: String, messages: Int = 50_000, numbers: Int = 50, concurrency: Int = 512, limitSeconds: Double = 300, http2: Bool = false
        ) {
            self.sink = sink
            self.messages = messages
            self.numbers = numbers
            self.concurrency = concurrency
            self.limitSeconds = limitSeconds
            self.http2 = http2
        }
    }

    package struct Result: Codable, Sendable {
        package var requestsPerSecond: Double
        package var seconds: Double
        package var accepted: Int
        package var failed: Int
        package var clientCpuMicrosPerRequest: Double
        package var sinkCount: Int?
    }

    package typealias Report = BenchmarkReport<Result, Parameters>

    private let parameters: Parameters
    private let logger: Logger

    package init(_ parameters: Parameters, logger: Logger) {
        self.parameters = parameters
        self.logger = logger
    }

    package func run() async throws -> Report {
        var settings = GraphClient.httpConfiguration(connections: parameters.concurrency + 64)
        if parameters.http2 { settings.httpVersion = .automatic }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
        let graph = GraphClient(configuration: .init(baseURL: parameters.sink), httpClient: http, logger: logger)
        let environment = MeasuredOn()
        let sink = SinkClient(parameters.sink)
        if await sink.stats() != nil { await sink.reset() }
        let (used, start) = (ProcessTimes.own, ContinuousClock.now)
        let (accepted, failure) = await requests(graph)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let spent = ProcessTimes.own - used
        let seen = await sink.stats()
        try await http.shutdown()
        let result = Result(
            requestsPerSecond: Double(accepted) / seconds, seconds: seconds, accepted: accepted, failed: parameters.messages - accepted,
            clientCpuMicrosPerRequest: Double(spent) / Double(max(1, accepted)), sinkCount: seen?.count)
        var problems: [String] = []
        if accepted < parameters.messages {
            problems.append("\(accepted) of \(parameters.messages) requests were accepted: \(failure ?? "the time was over")")
        }
        return Report(
            benchmark: "send-ceiling", result: result, environment: environment, parameters: parameters, problems: problems)
    }

    private func requests(_ graph: GraphClient) async -> (accepted: Int, failure: String?) {
        let next = Counter()
        let token = Secret("EAAbenchmark0000000000000000000000000")
        let end = ContinuousClock.now + .seconds(parameters.limitSeconds)
        return await withTaskGroup(of: (Int, String?).self) { group in
            for _ in 0..<max(1, parameters.concurrency) {
                group.addTask {
                    var (accepted, failure) = (0, String?.none)
                    while ContinuousClock.now < end, !Task.isCancelled {
                        let index = next.take()
                        guard index < parameters.messages else { break }
                        var body = ScratchWorld.body(index)
                        body["biz_opaque_callback_data"] = .string(ScratchWorld.callback(UUID()))
                        let sender = ScratchWorld.senderID(index % max(1, parameters.numbers))
                        let outcome = await graph.send(.object(body), from: sender, token: token)
                        if case .success = outcome { accepted += 1 } else { failure = outcome.summary }
                    }
                    return (accepted, failure)
                }
            }
            return await group.reduce(into: (0, nil)) { sum, one in
                sum.0 += one.0
                sum.1 = sum.1 ?? one.1
            }
        }
    }
}
