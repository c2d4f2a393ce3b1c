import App
import CloudAPI
import Credentials
import Foundation
import Gateway
import Jobs
import Logging
import Postgres

/// Relevo on a scratch database: every module as in a real process, with senders and messages of the benchmark's own.
struct ScratchWorld: Sendable {
    let parts: Parts
    let configuration: PostgresConfiguration
    let settings: Settings
    let logger: Logger
    /// What child processes need to work on the same database.
    let environment: [String: String]

    /// Lends one whose Graph API is at `sink`.
    static func with<T: Sendable>(
        _ given: Settings, sink: String, connections: Int, logger: Logger, _ body: @Sendable (ScratchWorld) async throws -> T
    ) async throws -> T {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("relevo-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await ScratchDatabase.with(given, logger: logger) { configuration in
            var environment = [
                "RELEVO_DATABASE_URL": connectionString(configuration.parameters), "RELEVO_DATA_DIR": folder, "RELEVO_GRAPH_URL": sink,
                "RELEVO_MASTER_KEY": Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString(),
                "RELEVO_LOG_LEVEL": "warning", "RELEVO_LOG_FORMAT": "text",
            ]
            if let direct = configuration.directParameters { environment["RELEVO_DATABASE_DIRECT_URL"] = connectionString(direct) }
            let settings = try Settings.load(environment: environment)
            var pooled = configuration
            pooled.maximumConnections = Roles.databaseConnections
            let client = PostgresClient(configuration: pooled, logger: logger)
            return try await HTTPClients.with(connections: connections + 64) { http in
                let world = ScratchWorld(
                    parts: try Parts(settings: settings, client: client, http: http, logger: logger), configuration: pooled,
                    settings: settings, logger: logger, environment: environment)
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await client.run() }
                    defer { group.cancelAll() }
                    return try await body(world)
                }
            }
        }
    }

    /// libpq keywords, so that every way of connecting is carried over.
    private static func connectionString(_ parameters: [String: String]) -> String {
        parameters.sorted { $0.key < $1.key }.map { key, value in
            "\(key)='\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
        }.joined(separator: " ")
    }

    // MARK: - Senders

    static func senderID(_ index: Int) -> String { String(100_000_000_000_000 + index) }

    /// Adds senders of one WABA.
    /// - Parameters:
    ///   - from: number of the first.
    ///   - perSecond: Meta's rate; nil takes the limit of rate away, which no real sender has.
    func addSenders(_ count: Int, from first: Int = 0, perSecond: Double?) async throws {
        if first == 0 { try await parts.credentials.add(name: "benchmark", token: Secret("EAAbenchmark0000000000000000000000000")) }
        var start = first
        while start < first + count {
            let some = start..<min(start + 500, first + count)
            try await parts.client.withTransaction { db in
                for index in some {
                    let sender = try await parts.gateway.senders.add(
                        NewSenderRecord(
                            phoneNumberID: Self.senderID(index), e164: "+34910\(String(format: "%06d", index % 1_000_000))",
                            wabaID: "200000000000001", perSecond: perSecond ?? 10_000), on: db)
                    guard perSecond == nil else { continue }
                    try await Lanes.set(sender.laneKey, limits: LaneLimits(perSecond: nil, burst: 1, maxRunning: 1000), on: db)
                }
            }
            start = some.upperBound
        }
    }

    // MARK: - Messages

    /// A text to a recipient that no other message of the run has, so that the pair rule holds nothing back.
    static func submission(_ index: Int, sender: Int) -> Submission {
        Submission(sender: senderID(sender), body: .object(body(index)))
    }

    static func body(_ index: Int) -> JSONObject {
        [
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": .string(recipient(index)), "type": "text",
            "text": ["preview_url": false, "body": "Your order has left our warehouse and arrives on Thursday."],
        ]
    }

    /// The `biz_opaque_callback_data` that a message carries.
    static func callback(_ message: UUID) -> String { "relevo:\(message.uuidString.lowercased())" }

    /// A Spanish mobile number: 100 million of them.
    static func recipient(_ index: Int) -> String { "+346" + String(format: "%08d", index % 100_000_000) }

    /// Hands messages in through the gateway, 500 in a transaction, and returns how long it took.
    /// - Parameter sender: which sender a message is from.
    @discardableResult
    func handIn(_ count: Int, from first: Int = 0, writers: Int, sender: @Sendable @escaping (Int) -> Int) async throws -> Duration {
        let start = ContinuousClock.now
        let next = Counter(first)
        let end = first + count
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, writers) {
                group.addTask {
                    while true {
                        let from = next.take(500)
                        guard from < end else { return }
                        try Task.checkCancellation()
                        let batch = (from..<min(from + 500, end)).map { Self.submission($0, sender: sender($0)) }
                        for result in try await parts.gateway.submit(batch: batch) { _ = try result.get() }
                    }
                }
            }
            try await group.waitForAll()
        }
        return ContinuousClock.now - start
    }
}
