package import App
import CloudAPI
import Foundation
package import Logging
import Postgres

/// Whether statuses are taken in time, none is lost when the server is killed, and any order of them ends the same.
package struct WebhooksBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// Status events in a second.
        package var rate: Double
        package var seconds: Double
        /// Of the events, those in a POST of their own; the others go in batches.
        package var singleShare: Double
        package var smallestBatch: Int
        package var largestBatch: Int
        /// Of the messages, those that Meta could not deliver.
        package var failedShare: Double
        /// Numbers that the messages were sent from.
        package var numbers: Int
        /// Statuses name the recipient's user id too, as Meta documents.
        package var userIds: Bool
        /// POSTs at a time; as many connections.
        package var connections: Int
        /// The first process is killed in the middle and started again at once.
        package var kill: Bool
        /// HTTP side and workers as processes of their own.
        package var split: Bool
        package var seed: UInt64
        /// Longest time for working on what was taken.
        package var limitSeconds: Double
        /// Of the events, those that come twice in the replay.
        package var replayedTwiceShare: Double

        package init(
            rate: Double = 4000, seconds: Double = 60, singleShare: Double = 0.25, smallestBatch: Int = 100, largestBatch: Int = 1000,
            failedShare: Double = 0.05, numbers: Int = 10, userIds: Bool = true, connections: Int = 256, kill: Bool = true,
            split: Bool = false, seed: UInt64 = 1, limitSeconds: Double = 300, replayedTwiceShare: Double = 0.2
        ) {
            self.rate = rate
            self.seconds = seconds
            self.singleShare = singleShare
            self.smallestBatch = smallestBatch
            self.largestBatch = largestBatch
            self.failedShare = failedShare
            self.numbers = numbers
            self.userIds = userIds
            self.connections = connections
            self.kill = kill
            self.split = split
            self.seed = seed
            self.limitSeconds = limitSeconds
            self.replayedTwiceShare = replayedTwiceShare
        }

        /// The process that answers HTTP first.
        var commands: [String] { split ? ["serve", "work"] : ["up"] }
        var limit: Duration { .seconds(limitSeconds) }
    }

    package typealias Report = BenchmarkReport<WebhooksResult, Parameters>
    private let parameters: Parameters
    private let settings: Settings
    private let logger: Logger
    /// How long Meta goes on with what is unanswered after the last POST, here.
    private static let patience = Duration.seconds(60)
    /// POSTs at a time of the replay, which goes as fast as it is taken.
    private static let replayInFlight = 16

    package init(_ parameters: Parameters, settings: Settings, logger: Logger) {
        self.parameters = parameters
        self.settings = settings
        self.logger = logger
    }

    /// A promise that was not kept is a problem of the report.
    package func run() async throws -> Report {
        // All that is told has happened already.
        let base = Int(Date().timeIntervalSince1970 - parameters.seconds) - 60
        let story = StatusStory(
            events: Int((parameters.rate * parameters.seconds).rounded()), rate: parameters.rate, senders: parameters.numbers,
            failedShare: parameters.failedShare, seed: parameters.seed, base: base)
        let posts = StatusPost.cut(
            story.events, rate: parameters.rate, singleShare: parameters.singleShare,
            batch: parameters.smallestBatch...parameters.largestBatch, seed: parameters.seed &+ 1)
        let first = try await pass(story, posts, isReplay: false)
        let shuffled = story.shuffled(duplicates: parameters.replayedTwiceShare, seed: parameters.seed &+ 2)
        // None alone: the same event twice would be the same bytes, which are stored once.
        let others = StatusPost.cut(shuffled, rate: .infinity, singleShare: 0, batch: 2...1000, seed: parameters.seed &+ 3)
        let replay = try await pass(story, others, isReplay: true)
        let wanted = FinalStates(of: story.events, messages: story.messages)
        let result = WebhooksResult(
            story, first, replay, replayed: shuffled.count, againstEvents: first.states.differences(from: wanted),
            againstReplay: replay.states.differences(from: first.states))
        return Report(
            benchmark: "webhooks", result: result, environment: first.environment, parameters: parameters,
            problems: result.problems(rate: parameters.rate, limit: parameters.limitSeconds, first, replay))
    }

    /// Hands POSTs over to Relevo on a database of its own that holds the messages.
    private func pass(_ story: StatusStory, _ posts: [StatusPost], isReplay: Bool) async throws -> WebhookPass {
        // Relevo asks Meta for its numbers' limits; nobody else may be asked.
        try await SinkServer.with { sink in
            try await ScratchWorld.with(settings, sink: sink.url, connections: 8, logger: logger) { world in
                try await world.addSenders(parameters.numbers, perSecond: 80)
                try await world.addAccepted(story.messages)
                let secret = String(UInt64.random(in: .min ... .max), radix: 16)
                let port = try CallClient.freePort()
                let environment = world.environment.merging([
                    "RELEVO_HTTP_HOST": "127.0.0.1", "RELEVO_HTTP_PORT": "\(port)", "RELEVO_APP_SECRET": secret,
                ]) { $1 }
                let address = "http://127.0.0.1:\(port)"
                return try await Workers.with(parameters.commands, environment: environment) { workers in
                    try await CallClient(url: address, key: Secret("")).ready()
                    return try await WebhookDelivery.with(
                        url: address + "/webhooks/whatsapp", secret: Secret(secret),
                        body: StatusBody(messages: story.messages, namesUsers: parameters.userIds),
                        inFlight: isReplay ? Self.replayInFlight : parameters.connections
                    ) { try await measure(posts, $0, workers, world, isReplay: isReplay) }
                }
            }
        }
    }

    private func measure(
        _ posts: [StatusPost], _ delivery: WebhookDelivery, _ workers: Workers.Fleet, _ world: ScratchWorld, isReplay: Bool
    ) async throws -> WebhookPass {
        let client = world.parts.client
        let server = try await ServerTimes.find(world.configuration, logger: logger)
        let environment = try await MeasuredOn(client, serverIsLocal: server != nil)
        let before = try await Spending.now(client, server)
        let (own, start) = (ProcessTimes.own, MonotonicTime.micros + 500_000)
        async let handedOver = delivery.deliver(posts, from: start, patience: isReplay ? parameters.limit : Self.patience)
        var kill: WebhookKill?
        if parameters.kill, !isReplay {
            kill = try await WebhookKill(first: workers, at: start + (posts.last?.due ?? 0) / 2, again: parameters.commands[0])
        }
        let records = try await handedOver
        let isDone = try await world.routed(within: parameters.limit)
        var usage = kill?.usage ?? ProcessUsage()
        let processes = await workers.processes
        usage.add(processes)
        let after = try await Spending.now(client, server)
        let costs = WebhookCosts(
            usage, from: before, to: after, sender: ProcessTimes.own - own, events: posts.reduce(0) { $0 + $1.events.count })
        return WebhookPass(
            environment: environment, records: records, failures: delivery.failures, kill: kill, isDone: isDone,
            stored: try await StoredPosts(client), costs: costs, states: try await FinalStates(client))
    }
}
