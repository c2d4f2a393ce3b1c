import Foundation
public import Logging
public import ServiceLifecycle
import Synchronization

/// A pool of connections to one database.
///
/// `run()` must be running: it opens the connections. A lease waits for it.
public final class PostgresClient: PostgresExecutor, Service {
    private typealias Pool = PoolStateMachine<Int, Int>
    private struct State {
        var pool: Pool
        var sessions: [Int: Session] = [:]
        var waiters: [Int: CheckedContinuation<Int, any Error>] = [:]
        var cancelled: Set<Int> = []
        var nextID = 0
        var lastError: PostgresError?
        var isRunning = false
    }

    /// How to reach the database.
    public let configuration: PostgresConfiguration
    private let logger: Logger
    private let state: Mutex<State>
    private let requests: AsyncStream<Void>
    private let requestSource: AsyncStream<Void>.Continuation
    private let start = ContinuousClock.now

    /// A connection unused for this long is closed, in seconds.
    private static let idleTimeout = 300.0

    /// Creates a client; nothing is opened before `run()`.
    public init(configuration: PostgresConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        state = Mutex(State(pool: Pool(maximum: configuration.maximumConnections)))
        (requests, requestSource) = AsyncStream.makeStream()
    }

    private var now: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Opens connections as they are wanted, until cancelled or shut down gracefully.
    public func run() async throws {
        state.withLock { $0.isRunning = true }
        await withTaskGroup { group in
            group.addTask { await self.keepTime() }
            await cancelWhenGracefulShutdown { [requests] in
                await withDiscardingTaskGroup { opening in
                    for await _ in requests { opening.addTask { await self.open() } }
                }
            }
            group.cancelAll()
        }
        perform(state.withLock { $0.pool.shutdown() })
    }

    private func keepTime() async {
        while (try? await Task.sleep(for: .milliseconds(500))) != nil {
            perform(state.withLock { $0.pool.tick(now: now, idleTimeout: Self.idleTimeout) })
        }
    }

    private func open() async {
        let session = Session(configuration: configuration)
        do {
            try await session.connect()
            let time = now
            perform(
                state.withLock { state in
                    state.nextID += 1
                    state.sessions[state.nextID] = session
                    return state.pool.connected(state.nextID, now: time)
                })
        } catch {
            logger.debug("cannot connect to the database", metadata: ["error": "\(error)"])
            perform(
                state.withLock { state in
                    state.lastError = error as? PostgresError
                    return state.pool.connectFailed()
                })
        }
    }

    private func perform(_ actions: [Pool.Action]) {
        for action in actions {
            switch action {
            case .connect: requestSource.yield()
            case .lease(let connection, let waiter):
                state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume(returning: connection)
            case .close(let connection):
                // Dropping the last reference closes the connection on its own queue.
                _ = state.withLock { $0.sessions.removeValue(forKey: connection) }
            case .fail(let waiter, let reason):
                let (continuation, last) = state.withLock { ($0.waiters.removeValue(forKey: waiter), $0.lastError) }
                continuation?.resume(throwing: error(for: reason, last: last))
            }
        }
    }

    private func error(for reason: Pool.Reason, last: PostgresError?) -> PostgresError {
        switch reason {
        case .connectFailed: last ?? PostgresError(.connectionFailed, "cannot connect to \(configuration)")
        case .timedOut:
            PostgresError(
                .leaseTimeout,
                state.withLock { $0.isRunning }
                    ? "no connection became free within \(configuration.leaseTimeout); \(configuration.maximumConnections) are in use"
                    : "no connection within \(configuration.leaseTimeout): run() of the database client is not running")
        case .shutDown: PostgresError(.shuttingDown, "the database client has been shut down")
        }
    }

    private func lease() async throws -> Int {
        let waiter = state.withLock {
            $0.nextID += 1; return $0.nextID
        }
        let deadline = now + configuration.leaseTimeout / .seconds(1)
        defer { _ = state.withLock { $0.cancelled.remove(waiter) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let actions: [Pool.Action]? = state.withLock { state in
                    if state.cancelled.remove(waiter) != nil { return nil }
                    state.waiters[waiter] = continuation
                    return state.pool.lease(waiter, deadline: deadline)
                }
                guard let actions else { return continuation.resume(throwing: CancellationError()) }
                perform(actions)
                keepDeadlineBeforeRun()
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<Int, any Error>? in
                if state.waiters[waiter] == nil {
                    state.cancelled.insert(waiter)
                    return nil
                }
                return state.pool.cancel(waiter) ? state.waiters.removeValue(forKey: waiter) : nil
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    /// The clock of the pool runs in `run()`; a caller that comes before it, or in a program that forgot it, is told in time all the same.
    private func keepDeadlineBeforeRun() {
        guard !state.withLock({ $0.isRunning }) else { return }
        Task { [weak self, timeout = configuration.leaseTimeout] in
            try await Task.sleep(for: timeout)
            guard let self else { return }
            let time = self.now
            self.perform(self.state.withLock { $0.pool.tick(now: time, idleTimeout: Self.idleTimeout) })
        }
    }

    /// Lends a connection for the length of `body`.
    @discardableResult
    public func withConnection<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        while true {
            let id = try await lease()
            guard let session = state.withLock({ $0.sessions[id] }) else { continue }
            guard await session.isAlive() else {
                release(id, healthy: false)
                continue
            }
            let connection = PostgresConnection(session: session)
            do {
                let value = try await body(connection)
                giveBack(id, connection)
                return value
            } catch {
                giveBack(id, connection)
                throw error
            }
        }
    }

    private func giveBack(_ id: Int, _ connection: PostgresConnection) {
        // A transaction left open would hold its locks in the hands of the next caller.
        let healthy = !connection.isBroken && connection.session.isIdle
        connection.giveBack()
        if connection.isMisplaced { perform(state.withLock { $0.pool.distrust() }) }
        release(id, healthy: healthy)
    }

    /// How the pool is used at this moment.
    public struct Usage: Sendable, Equatable {
        /// Connections lent out, open and unused, and the most there may be.
        public let lent, idle, maximum: Int
        /// Callers that wait for a connection.
        public let waiting: Int
    }

    public var usage: Usage {
        state.withLock {
            Usage(
                lent: $0.pool.leasedCount, idle: $0.pool.idleCount, maximum: configuration.maximumConnections, waiting: $0.pool.waiting)
        }
    }

    private func release(_ id: Int, healthy: Bool) {
        let time = now
        perform(state.withLock { $0.pool.release(id, healthy: healthy, now: time) })
    }

    /// Runs `body` in a READ COMMITTED transaction on a pooled connection; the body's own error is rethrown.
    ///
    /// The body and its child tasks run on the connection's own queue, except on actors that have an executor of their own. None of them
    /// goes on while a statement is on its way: a time limit belongs around the transaction.
    @discardableResult
    public func withTransaction<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        try await withConnection { connection in
            try await withTaskExecutorPreference(connection.session.executor) { try await connection.withTransaction(body) }
        }
    }

    public func afterCommit(_ body: @escaping @Sendable () -> Void) { body() }

    @discardableResult
    public func query(_ query: PostgresQuery, file: String, line: Int) async throws -> PostgresRows {
        try await withConnection { try await $0.query(query, file: file, line: line) }
    }

    /// Whether pooled connections of this configuration really meet a pooler. Throws `.connectionFailed`.
    public static func meetsPooler(_ configuration: PostgresConfiguration) async throws -> Bool {
        let session = Session(configuration: configuration)
        try await session.connect()
        let found = try await session.isPooled()
        await session.close()
        return found
    }

    /// Opens a connection to the server itself for the length of `body`: migrations, advisory locks, LISTEN, heartbeats.
    ///
    /// Throws `.pooled` when the address leads to a pooler.
    public static func withDirectConnection<T>(
        _ configuration: PostgresConfiguration, logger: Logger, _ body: (PostgresConnection) async throws -> T
    ) async throws -> T {
        let session = Session(configuration: configuration.direct)
        try await session.connect()
        guard try await !session.isPooled() else {
            await session.close()
            throw PostgresError(
                .pooled, "\(configuration.direct) is a connection pooler; LISTEN, migrations and heartbeats need the server's own address")
        }
        let connection = PostgresConnection(session: session)
        do {
            let value = try await body(connection)
            connection.giveBack()
            await session.close()
            return value
        } catch {
            connection.giveBack()
            await session.close()
            throw error
        }
    }
}
