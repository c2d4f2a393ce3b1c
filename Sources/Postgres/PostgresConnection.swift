import Foundation
import Logging
import Synchronization

/// What a pooled client and a single connection can both do, so that an owner's function can join its caller's transaction.
public protocol PostgresExecutor: Sendable {
    /// Runs one statement and returns its whole result. Throws `PostgresError`, or `CancellationError` when the task was cancelled and the
    /// server stopped the statement.
    @discardableResult
    func query(_ query: PostgresQuery, file: String, line: Int) async throws -> PostgresRows
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
    let session: Session
    private let broken = Mutex(false)

    init(session: Session) { self.session = session }

    /// Whether a statement failed in a way that leaves the connection unusable.
    var isBroken: Bool { broken.withLock { $0 } }

    @discardableResult
    public func query(_ query: PostgresQuery, file: String, line: Int) async throws -> PostgresRows {
        try await run(query, cancellable: true, file: file, line: line)
    }

    func run(_ query: PostgresQuery, cancellable: Bool, file: String = #fileID, line: Int = #line) async throws -> PostgresRows {
        do {
            return try await session.run(query, cancellable: cancellable)
        } catch var error as PostgresError {
            if error.code == .connectionFailed || error.sqlState == "25006" { broken.withLock { $0 = true } }
            error.file = file
            error.line = line
            throw error
        }
    }

    /// Runs several statements in one message: one implicit transaction, no parameters. For migrations.
    public func script(_ sql: String) async throws { try await session.script(sql) }

    /// Copies rows into a table by binary COPY; returns how many. Names come from the program, never from input.
    public func copy(into table: String, columns: [String], rows: [[any PostgresEncodable]]) async throws -> Int {
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
        return try await session.copyIn("COPY \(table) (\(columns.joined(separator: ", "))) FROM STDIN (FORMAT binary)", data)
    }

    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws. The body's own error is rethrown.
    public func withTransaction<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        try await query("BEGIN")
        let value: T
        do {
            value = try await body(self)
        } catch {
            await rollBack()
            throw error
        }
        // Not cancellable: a commit stopped half way would leave the caller not knowing.
        let tag = try await run("COMMIT", cancellable: false).commandTag
        guard tag == "COMMIT" else {
            throw PostgresError(.server, "the transaction was rolled back because an earlier statement in it had failed")
        }
        return value
    }

    /// Runs `body` under a savepoint, so that its failure leaves the transaction usable.
    public func withSavepoint<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        try await query("SAVEPOINT relevo")
        do {
            let value = try await body(self)
            try await query("RELEASE SAVEPOINT relevo")
            return value
        } catch {
            _ = try await run("ROLLBACK TO SAVEPOINT relevo", cancellable: false)
            throw error
        }
    }

    private func rollBack() async {
        do {
            _ = try await run("ROLLBACK", cancellable: false)
        } catch {
            // The server ends the transaction when the connection goes.
            broken.withLock { $0 = true }
        }
    }
}
