public import Logging
public import Postgres
public import ServiceLifecycle

/// Tells the engines of other processes that this process has enqueued something.
///
/// One NOTIFY at most every 10 ms, from one connection, outside every business transaction: a NOTIFY inside one would serialise commits.
/// A lost hint costs a poll's length and nothing else.
public final class JobHints: Service {
    static let channel = "relevo_jobs"
    private let configuration: PostgresConfiguration
    private let logger: Logger
    private let bell = Bell()

    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Sends a hint soon. `JobQueue` does this by itself.
    public func send() { bell.ring() }

    public func run() async throws {
        let listener = JobSignal.add { [bell] in bell.ring() }
        defer { JobSignal.remove(listener) }
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                do {
                    try await PostgresClient.withDirectConnection(configuration, logger: logger) { connection in
                        while !Task.isCancelled {
                            guard await bell.wait(atMost: .seconds(1)) else { continue }
                            // The first at once; what comes within the next moments is one more.
                            bell.silence()
                            try await connection.query("SELECT pg_notify(\(Self.channel), '')")
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                } catch {
                    // Polling goes on without hints.
                    if !Task.isCancelled { logger.debug("no hints are sent", metadata: ["error": "\(error)"]) }
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }
}
