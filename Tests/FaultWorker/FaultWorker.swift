import ArgumentParser
import AsyncHTTPClient
import CloudAPI
import CrashPoints
import Foundation
import Jobs
import Logging
import Postgres
import ServiceLifecycle
import UnixSignals

/// A process for fault tests: a job engine with kinds of both deliveries that post to a receiver, on times short enough to test.
@main
struct FaultWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fault-worker", subcommands: [Run.self, Enqueue.self])

    /// The phone number id that everything is posted from.
    static let line = "555001"
    static let laneKey = "faults"
}

struct Place: ParsableArguments {
    @Option(help: "The database.") var database: String

    func client(_ logger: Logger) throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: database)
        configuration.applicationName = "fault-worker"
        return PostgresClient(configuration: configuration, logger: logger)
    }
}

extension FaultWorker {
    /// Works until SIGTERM.
    struct Run: AsyncParsableCommand {
        @OptionGroup var place: Place
        @Option(help: "The receiver.") var graph: String
        @Option(help: "Seconds after which a silent worker is dead.") var stale = 3.0
        @Option(help: "Seconds an attempt has.") var lease = 20.0
        @Option(help: "Seconds to wait for an answer.") var timeout = 10.0
        @Flag(inversion: .prefixedNo, help: "Listens for hints.") var hints = true

        func run() async throws {
            try CrashPlan.check()
            var logger = Logger(label: "fault-worker") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .notice
            let client = try place.client(logger)
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: GraphClient.httpConfiguration(connections: 64))
            var configuration = GraphClient.Configuration(baseURL: graph)
            configuration.sendTimeout = .milliseconds(Int64(timeout * 1000))
            let graph = GraphClient(configuration: configuration, httpClient: http, logger: logger)
            let engine = JobEngine(
                client: client,
                kinds: [
                    PostKind(name: "once", delivery: .atMostOnce, leaseSeconds: lease, graph: graph),
                    PostKind(name: "again", delivery: .atLeastOnce, leaseSeconds: lease, graph: graph),
                ], workflows: [StepsWorkflow(graph: graph)], settings: settings, logger: logger)
            let group = ServiceGroup(
                configuration: .init(services: [client, engine], gracefulShutdownSignals: [.sigterm], logger: logger))
            try await group.run()
            try await http.shutdown()
        }

        private var settings: EngineSettings {
            var settings = EngineSettings()
            settings.name = "fault-worker"
            // Small batches, so that every transaction is passed several times.
            settings.claimPerLane = 4
            settings.intendBatch = 4
            settings.flushRows = 4
            settings.heartbeat = .milliseconds(Int64(stale * 100))
            settings.staleAfter = .milliseconds(Int64(stale * 1000))
            settings.retryBase = .milliseconds(100)
            settings.retryCap = .seconds(1)
            settings.drainLimit = .seconds(10)
            settings.listens = hints
            return settings
        }
    }

    /// Hands jobs or runs in, in one transaction, and prints how many were new. The same ones are handed in once.
    struct Enqueue: AsyncParsableCommand {
        @OptionGroup var place: Place
        @Option(help: "once, again or steps.") var kind: String
        @Option(help: "The number of the first.") var first = 0
        @Option(help: "How many.") var count: Int
        @Flag(help: "Tells engines of it.") var hint = false

        func run() async throws {
            try CrashPlan.check()
            let client = try place.client(Logger(label: "fault-worker") { _ in SwiftLogNoOpLogHandler() })
            let (kind, numbers, hint) = (kind, first..<first + count, hint)
            let hints = JobHints(configuration: client.configuration, logger: Logger(label: "") { _ in SwiftLogNoOpLogHandler() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.run() }
                if hint { group.addTask { try await hints.run() } }
                let new = try await client.withTransaction { db in try await Self.handIn(kind, numbers, on: db) }
                CrashPoint.enqueueAfterCommit.passed()
                print(new)
                if hint { try await Task.sleep(for: .milliseconds(300)) }
                group.cancelAll()
            }
        }

        private static func handIn(_ kind: String, _ numbers: Range<Int>, on db: PostgresConnection) async throws -> Int {
            if kind == "steps" {
                for number in numbers {
                    try await Workflows.start(
                        run: "run-\(number)", workflow: "steps", version: 1, input: Data("\(number)".utf8), on: db)
                }
                return numbers.count
            }
            let lane = try await Lanes.ensure(laneKey, limits: LaneLimits(perSecond: nil, burst: 1, maxRunning: 64), on: db)
            return try await JobQueue.enqueue(
                numbers.map {
                    NewJob(
                        lane: lane, kind: kind, payload: Data("\($0)".utf8), maxAttempts: 100,
                        dedupe: (scope: kind, key: "\($0)", keepFor: .seconds(3600)))
                }, on: db
            ).compactMap { $0 }.count
        }
    }
}
