import Foundation
import Logging
import Postgres

/// Messages whose callers have waited in vain, or could not be told what is: stored with the message, as soon as the database takes it. A caller who
/// was answered that it is queued, and whom nobody tells of its end, would wait for ever.
actor EarlyAnswers {
    private let client: PostgresClient
    private let logger: Logger
    /// Kept in mind while the database is away; more are dropped and logged.
    private static let most = 100_000
    /// How long that is tried, in rounds a second apart.
    private static let rounds = 600

    private var waiting: Set<UUID> = []
    private var isRunning = false

    init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    static func mark(_ ids: [UUID], on db: some PostgresExecutor) async throws {
        guard !ids.isEmpty else { return }
        try await db.query(
            """
            UPDATE gateway.message SET answered_early = true WHERE id IN (
                SELECT id FROM gateway.message WHERE id = ANY (\(Array(Set(ids)))) AND NOT answered_early ORDER BY id FOR UPDATE)
            """)
    }

    /// Returns once it is stored, or kept in mind.
    func add(_ id: UUID) async {
        do {
            try await Self.mark([id], on: client)
        } catch {
            keep(id, after: error)
        }
    }

    private func keep(_ id: UUID, after error: any Error) {
        guard waiting.count < Self.most else {
            return logger.error(
                "nobody will be told of the end of a message: too many wait for the database",
                metadata: ["message": "\(id)", "error": "\(error)"])
        }
        waiting.insert(id)
        guard !isRunning else { return }
        isRunning = true
        // Of its own: the caller's task may be over.
        Task.detached { await self.run() }
    }

    private func run() async {
        defer { isRunning = false }
        var rounds = 0
        while !waiting.isEmpty, rounds < Self.rounds {
            let some = Array(waiting.prefix(1000))
            do {
                try await Self.mark(some, on: client)
                waiting.subtract(some)
            } catch let error as PostgresError where error.code == .shuttingDown {
                break
            } catch {
                rounds += 1
                try? await Task.sleep(for: .seconds(1))
            }
        }
        guard !waiting.isEmpty else { return }
        logger.error("nobody will be told of the ends of messages: the database was away", metadata: ["messages": "\(waiting.count)"])
        waiting = []
    }
}
