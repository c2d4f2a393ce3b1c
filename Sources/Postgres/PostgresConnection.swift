import Foundation
import Logging
import Synchronization

/// What a pooled client and a single connection can both do, so that an owner's function can join its caller's transaction.
public protocol PostgresExecutor: Sendable {
    /// Runs one statement and returns its whole result. Throws `PostgresError`, or `CancellationError` when the task was cancelled and the
    /// server stopped the statement.
    @discardableResult
    func query(_ query: PostgresQuery, file: String, line: Int) async throws -> PostgresRows

    /// Calls `body` once what was done through this executor is committed: at once outside a transaction, never when it is rolled back.
    func afterCommit(_ body: @escaping @Sendable () -> Void)
}

extension PostgresExecutor {
    /// Runs one statement and returns its whole result.
    @discardableResult
    public func query(_ query: PostgresQuery, _ file: String = #fileID, _ line: Int = #line) async throws -> PostgresRows {
        try await self.query(query, file: file, line: line)
    }
}

/// One connection, lent for the length of a closure.
public final class PostgresConnection: PostgresExecutor {
    private enum State { case lent, broken, returned }

    let session: Session
    private let state = Mutex(State.lent)
    private let misplaced = Atomic<Bool>(false)
    private let onCommit = Mutex<[@Sendable () -> Void]>([])
    /// What goes along with the next statement: BEGIN, of which the server does not know yet, and statements whose answers nobody reads.
    private let ahead = Mutex<[Ahead]>([])

    private struct Ahead {
        let query: PostgresQuery
        let file: String
        let line: Int
    }

    init(session: Session) { self.session = session }

    /// Whether a statement failed in a way that leaves the connection unusable.
    var isBroken: Bool { state.withLock { $0 == .broken } }
    /// Whether the server has become a standby: then all connections from before lead to the wrong one.
    var isMisplaced: Bool { misplaced.load(ordering: .acquiring) }

    /// From now on every statement is refused: the session may be in other hands.
    func giveBack() { state.withLock { $0 = .returned } }

    private func breakDown() { state.withLock { if $0 == .lent { $0 = .broken } } }

    private func requireLent() throws {
        guard state.withLock({ $0 != .returned }) else {
            throw PostgresError(.unexpected, "the connection was used after the closure it was lent to had ended")
        }
    }

    @discardableResult
    public func query(_ query: PostgresQuery, file: String, line: Int) async throws -> PostgresRows {
        try await run(query, cancellable: true, file: file, line: line)
    }

    func run(_ query: PostgresQuery, cancellable: Bool, file: String = #fileID, line: Int = #line) async throws -> PostgresRows {
        try requireLent()
        if hasAhead {
            guard let rows = try await pipelined([query], cancellable: cancellable, file, line).last else {
                throw PostgresError(.unexpected, "a pipeline without an answer")
            }
            return rows
        }
        return try await located(file, line) { try await session.run(query, cancellable: cancellable) }
    }

    private static let begin = Ahead(query: "BEGIN", file: #fileID, line: #line)

    private var hasAhead: Bool { ahead.withLock { !$0.isEmpty } }

    private func takeAhead() -> [Ahead] {
        ahead.withLock { list in
            defer { list = [] }
            return list
        }
    }

    /// Whether the server does not know of the transaction yet.
    private var isBeginning: Bool { ahead.withLock { $0.first?.query.sql == Self.begin.query.sql } }

    /// Whether statements belong to a transaction that somebody ends.
    private var isInTransaction: Bool { hasAhead || !session.isIdle }

    /// Runs a statement whose answer nobody reads. In a transaction it goes along with the next statement, or with COMMIT: one round trip
    /// less. Its failure is thrown there; with COMMIT it cannot be cancelled any more.
    public func piggyback(_ query: PostgresQuery, _ file: String = #fileID, _ line: Int = #line) async throws {
        if let failure = query.failure { throw failure }
        guard hasAhead || session.isInTransaction else {
            try await self.query(query, file: file, line: line)
            return
        }
        try requireLent()
        ahead.withLock { $0.append(Ahead(query: query, file: file, line: line)) }
    }

    /// Adds to an error where in the program its statement stands, and remembers when it has cost the connection.
    private func located<T>(_ file: String, _ line: Int, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PostgresError {
            throw marked(error, file, line)
        }
    }

    private func marked(_ error: PostgresError, _ file: String, _ line: Int) -> PostgresError {
        var error = error
        if error.code == .connectionFailed || error.sqlState == "25006" { breakDown() }
        if error.sqlState == "25006" { misplaced.store(true, ordering: .releasing) }
        error.file = file
        error.line = line
        return error
    }

    public func afterCommit(_ body: @escaping @Sendable () -> Void) {
        if isInTransaction { onCommit.withLock { $0.append(body) } } else { body() }
    }

    private func takeOnCommit() -> [@Sendable () -> Void] {
        onCommit.withLock { bodies in
            defer { bodies = [] }
            return bodies
        }
    }

    /// Runs several statements in one message: one implicit transaction, no parameters. For migrations.
    public func script(_ sql: String) async throws {
        try requireLent()
        if hasAhead { _ = try await pipelined([], #fileID, #line) }
        try await session.script(sql)
    }

    /// Runs statements in one round trip and returns their results in order; outside a transaction they are one of their own.
    ///
    /// The first that fails is thrown, and none after it has run. At most 1000: results wait in memory.
    public func pipeline(_ queries: [PostgresQuery], _ file: String = #fileID, _ line: Int = #line) async throws -> [PostgresRows] {
        try requireLent()
        guard queries.count <= 1000 else { throw PostgresError(.unexpected, "\(queries.count) statements in one pipeline; at most 1000") }
        if queries.isEmpty { return [] }
        return try await pipelined(queries, file, line)
    }

    /// Runs statements in one round trip, each as a transaction of its own, outside any other: what one has done the next one sees.
    ///
    /// One that fails keeps those after it from nothing; thrown is only what fails all, or loses the rest.
    public func separately(
        _ queries: [PostgresQuery], _ file: String = #fileID, _ line: Int = #line
    ) async throws -> [Result<PostgresRows, PostgresError>] {
        try requireLent()
        guard !isInTransaction else { throw PostgresError(.unexpected, "statements of their own inside a transaction") }
        return try await located(file, line) {
            try await session.stoppable { try await session.separately(queries, ticket: $0) }
        }.map { $0.mapError { marked($0, file, line) } }
    }

    /// Runs statements after those that were to go along with them; returns the rows of `queries`.
    private func pipelined(
        _ queries: [PostgresQuery], cancellable: Bool = true, _ file: String, _ line: Int
    ) async throws -> [PostgresRows] {
        let ahead = takeAhead()
        let all = ahead.map(\.query) + queries
        do {
            let rows = try await located(file, line) {
                guard cancellable else { return try await session.pipeline(all, ticket: nil) }
                return try await session.stoppable { try await session.pipeline(all, ticket: $0) }
            }
            return Array(rows.dropFirst(ahead.count))
        } catch {
            // Cancelled, or a statement that could not even be prepared: nothing has been sent, and whoever goes on must not do so without.
            // (Or a COMMIT that has failed, after which nobody goes on.)
            let isBeginning = ahead.first?.query.sql == Self.begin.query.sql
            if !isBroken, isBeginning ? session.isIdle : session.isInTransaction { self.ahead.withLock { $0 = ahead + $0 } }
            guard var error = error as? PostgresError else { throw error }
            if let origin = ahead.first(where: { $0.query.sql == error.sql }) { (error.file, error.line) = (origin.file, origin.line) }
            throw error
        }
    }

    /// Copies rows into a table by binary COPY; returns how many. Names come from the program, never from input.
    public func copy(into table: String, columns: [String], rows: [[any PostgresEncodable]]) async throws -> Int {
        try requireLent()
        var data = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        for row in rows {
            Int16(row.count).appendBigEndian(to: &data)
            for value in row {
                if value.isNull {
                    Int32(-1).appendBigEndian(to: &data)
                    continue
                }
                var bytes: [UInt8] = []
                try value.encode(into: &bytes)
                Int32(bytes.count).appendBigEndian(to: &data)
                data += bytes
            }
        }
        Int16(-1).appendBigEndian(to: &data)
        if hasAhead { _ = try await pipelined([], #fileID, #line) }
        return try await session.copyIn("COPY \(table) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT binary)", data)
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws. The body's own error is rethrown.
    ///
    /// Inside a transaction it is a savepoint of that one.
    @discardableResult
    public func withTransaction<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        guard !isInTransaction || isBroken else { return try await withSavepoint(body) }
        try requireLent()
        _ = takeOnCommit()
        ahead.withLock { $0 = [Self.begin] }
        let value: T
        do {
            value = try await body(self)
        } catch {
            await rollBack()
            throw error
        }
        // Nothing was asked of the server: there is nothing to commit.
        if isBeginning, ahead.withLock({ $0.count == 1 }) {
            _ = takeAhead()
            for body in takeOnCommit() { body() }
            return value
        }
        let tag: String
        do {
            // What goes along has not been begun: a cancelled task leaves it so.
            if hasAhead { try Task.checkCancellation() }
            // Not cancellable: a commit stopped half way would leave the caller not knowing.
            tag = try await run("COMMIT", cancellable: false).commandTag
        } catch {
            await rollBack()
            throw error
        }
        guard tag == "COMMIT" else {
            throw PostgresError(.server, "the transaction was rolled back because an earlier statement in it had failed")
        }
        for body in takeOnCommit() { body() }
        return value
    }

    /// Runs `body` under a savepoint, so that its failure leaves the transaction usable.
    @discardableResult
    public func withSavepoint<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        let before = onCommit.withLock(\.count)
        try await query("SAVEPOINT relevo")
        do {
            let value = try await body(self)
            try await query("RELEASE SAVEPOINT relevo")
            return value
        } catch {
            // What was to go along belongs to what is taken back.
            _ = takeAhead()
            onCommit.withLock { $0.removeLast(max(0, $0.count - before)) }
            do {
                _ = try await run("ROLLBACK TO SAVEPOINT relevo", cancellable: false)
                // Else it would stand in for the savepoint around it, which has the same name.
                _ = try await run("RELEASE SAVEPOINT relevo", cancellable: false)
            } catch {
                // The transaction has failed as a whole, which its COMMIT will tell.
            }
            throw error
        }
    }

    private func rollBack() async {
        let isBeginning = isBeginning
        _ = takeAhead()
        if isBeginning || session.isIdle || isBroken { return }
        do {
            _ = try await run("ROLLBACK", cancellable: false)
        } catch {
            // The server ends the transaction when the connection goes.
            breakDown()
        }
    }
}
