import CLibPQ
import Foundation
import Synchronization

/// One libpq connection, confined to its queue; blocking calls only.
actor Session {
    nonisolated let executor: QueueExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private(set) var connection: OpaquePointer?
    private(set) var statements: StatementCache
    private let configuration: PostgresConfiguration
    let canceller = Canceller()
    /// The socket and the state of the transaction, as of the last statement: read by the lender without a hop to the queue.
    private let socket = Atomic<Int32>(-1)
    private let transaction = Atomic<UInt32>(PQTRANS_UNKNOWN.rawValue)

    init(configuration: PostgresConfiguration) {
        executor = QueueExecutor(label: "relevo.postgres")
        self.configuration = configuration
        statements = StatementCache(capacity: configuration.isPooled ? 0 : configuration.statementCacheSize)
    }

    isolated deinit {
        if let connection { PQfinish(connection) }
    }

    /// Connects. Throws `.connectionFailed` with libpq's reason.
    func connect() throws {
        let keywords = configuration.connectionKeywords.sorted { $0.key < $1.key }
        var names: [UnsafePointer<CChar>?] = keywords.map { UnsafePointer(strdup($0.key)) } + [nil]
        var values: [UnsafePointer<CChar>?] = keywords.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer { (names + values).forEach { free(UnsafeMutableRawPointer(mutating: $0)) } }
        guard let opened = PQconnectdbParams(&names, &values, 0) else { throw PostgresError(.unexpected, "out of memory") }
        guard PQstatus(opened) == CONNECTION_OK else {
            let error = PostgresError(.connectionFailed, "cannot connect to \(configuration): \(message(of: opened))")
            PQfinish(opened)
            throw error
        }
        // The default receiver writes to stderr.
        PQsetNoticeReceiver(opened, { _, _ in }, nil)
        connection = opened
        canceller.attach(to: opened)
        if let limit = configuration.idleInTransactionTimeout, !configuration.isPooled {
            PQclear(PQexec(opened, "SET idle_in_transaction_session_timeout = \(max(1, Int(limit / .milliseconds(1))))"))
        }
        note(opened)
    }

    func note(_ connection: OpaquePointer) {
        transaction.store(PQtransactionStatus(connection).rawValue, ordering: .releasing)
        socket.store(PQsocket(connection), ordering: .releasing)
    }

    /// Whether somebody stands between us and the server: poolers hand out cancel keys of their own, in which the process id is made up.
    func isPooled() throws -> Bool {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        let result = try checked(PQexec(connection, "SELECT pg_backend_pid()"), on: connection, sql: nil)
        defer { PQclear(result) }
        return PQgetvalue(result, 0, 0).flatMap { Int32(String(cString: $0)) } != PQbackendPID(connection)
    }

    /// Ends the connection; it cannot be used again.
    func close() {
        if let connection { PQfinish(connection) }
        connection = nil
        transaction.store(PQTRANS_UNKNOWN.rawValue, ordering: .releasing)
        socket.store(-1, ordering: .releasing)
    }

    /// Whether the server still holds the connection. Nothing is sent while the socket is silent, as it is on a healthy idle connection.
    nonisolated func isAlive() async -> Bool {
        let descriptor = socket.load(ordering: .acquiring)
        guard descriptor >= 0 else { return false }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 0) == 0 ? true : await answers()
    }

    /// Bytes nobody asked for: a notice, or the farewell of a server that goes. Only a round trip tells which.
    private func answers() -> Bool {
        guard let connection else { return false }
        PQclear(PQexec(connection, ""))
        return PQstatus(connection) == CONNECTION_OK
    }

    /// Whether no transaction is open on the connection, which also means that it is usable.
    nonisolated var isIdle: Bool { transaction.load(ordering: .acquiring) == PQTRANS_IDLE.rawValue }

    /// Whether a transaction is open in which no statement has failed.
    nonisolated var isInTransaction: Bool { transaction.load(ordering: .acquiring) == PQTRANS_INTRANS.rawValue }

    nonisolated func run(_ query: PostgresQuery, cancellable: Bool) async throws -> PostgresRows {
        guard cancellable else { return try await execute(query, ticket: nil) }
        return try await stoppable { try await self.execute(query, ticket: $0) }
    }

    /// Runs `body` with a ticket under which a cancelled task has the server stop it.
    nonisolated func stoppable<T: Sendable>(_ body: (UInt64) async throws -> T) async throws -> T {
        let ticket = canceller.ticket()
        return try await withTaskCancellationHandler {
            do {
                return try await body(ticket)
            } catch let error as PostgresError where error.sqlState == "57014" && Task.isCancelled {
                throw CancellationError()
            }
        } onCancel: {
            canceller.cancel(ticket)
        }
    }

    private func execute(_ query: PostgresQuery, ticket: UInt64?) throws -> PostgresRows {
        if let failure = query.failure { throw failure }
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        defer { note(connection) }
        if let ticket { try begin(ticket) }
        defer { if ticket != nil { canceller.end() } }
        do {
            return try executeOnce(query, on: connection)
        } catch let error as PostgresError where isStalePlan(error) {
            // Inside a transaction the statement has already failed it; the caller's next attempt prepares anew.
            forget(query.sql, on: connection)
            guard PQtransactionStatus(connection) == PQTRANS_IDLE else { throw error }
            return try executeOnce(query, on: connection)
        }
    }

    func begin(_ ticket: UInt64) throws {
        canceller.begin(ticket)
        // A cancel that came before found nothing to stop.
        guard Task.isCancelled else { return }
        canceller.end()
        throw CancellationError()
    }

    /// 26000: the statement is gone (DISCARD, PgBouncer); 0A000: a migration changed its result type.
    func isStalePlan(_ error: PostgresError) -> Bool {
        error.sqlState == "26000" || (error.sqlState == "0A000" && error.message.contains("cached plan"))
    }

    func forget(_ sql: String, on connection: OpaquePointer) {
        for name in statements.remove(sql) { PQclear(PQexec(connection, "DEALLOCATE \(name)")) }
    }

    private func executeOnce(_ query: PostgresQuery, on connection: OpaquePointer) throws -> PostgresRows {
        let name = try prepare(query, on: connection)
        let result = withParameters(of: query) { count, values, lengths, formats in
            if let name { return PQexecPrepared(connection, name, count, values, lengths, formats, 1) }
            return PQexecParams(connection, query.sql, count, query.parameters.oids, values, lengths, formats, 1)
        }
        return PostgresRows(result: ResultBox(try checked(result, on: connection, sql: query.sql)))
    }

    /// The parameters as libpq takes them; the pointers hold for the length of `body`.
    func withParameters<T>(of query: PostgresQuery, _ body: (Int32, [UnsafePointer<CChar>?], [Int32], [Int32]) -> T) -> T {
        let parameters = query.parameters
        return parameters.bytes.withUnsafeBufferPointer { buffer in
            // Never nil, since the buffer holds at least one byte: a nil pointer would mean NULL.
            let base = buffer.baseAddress.map { UnsafeRawPointer($0) }
            let values = parameters.ranges.map { range in
                range.flatMap { range in base.map { ($0 + range.lowerBound).assumingMemoryBound(to: CChar.self) } }
            }
            let lengths = parameters.ranges.map { Int32($0?.count ?? 0) }
            return body(Int32(parameters.oids.count), values, lengths, [Int32](repeating: 1, count: parameters.oids.count))
        }
    }

    /// The name of the prepared statement, nil when preparing is off.
    func prepare(_ query: PostgresQuery, on connection: OpaquePointer) throws -> String? {
        switch statements.use(query.sql, oids: query.parameters.oids) {
        case .off: return nil
        case .known(let name): return name
        case .prepare(let name, let evicted):
            if let evicted { PQclear(PQexec(connection, "DEALLOCATE \(evicted)")) }
            let oids = query.parameters.oids
            do {
                PQclear(
                    try checked(PQprepare(connection, name, query.sql, Int32(oids.count), oids), on: connection, sql: query.sql))
            } catch {
                statements.remove(query.sql, oids: oids)
                throw error
            }
            return name
        }
    }

    /// Runs several statements in one message of the simple protocol: one implicit transaction, no parameters.
    func script(_ sql: String) throws {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        defer { note(connection) }
        PQclear(try checked(PQexec(connection, sql), on: connection, sql: nil))
        statements.removeAll()
        PQclear(PQexec(connection, "DEALLOCATE ALL"))
    }

    func checked(_ result: OpaquePointer?, on connection: OpaquePointer, sql: String?) throws -> OpaquePointer {
        guard let result else { throw PostgresError(.connectionFailed, "the connection was lost: \(message(of: connection))") }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
        default: break
        }
        defer { PQclear(result) }
        // The PG_DIAG_* macros are character literals, which Swift does not import.
        func field(_ letter: Character) -> String? {
            letter.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        var error = PostgresError(.server, field("M") ?? message(of: connection))
        if PQstatus(connection) != CONNECTION_OK {
            error = PostgresError(.connectionFailed, "the connection was lost: \(field("M") ?? message(of: connection))")
        }
        error.sqlState = field("C")
        error.detail = field("D")
        error.hint = field("H")
        error.constraint = field("n")
        error.table = field("t")
        error.sql = sql
        error.position = field("P").flatMap { Int($0) }
        throw error
    }

    /// libpq's reason, without the password should a library ever quote it.
    func message(of connection: OpaquePointer) -> String {
        var text = String(cString: PQerrorMessage(connection)).trimmingCharacters(in: .whitespacesAndNewlines)
        if let password = configuration.parameters["password"], !password.isEmpty { text = text.replacing(password, with: "[redacted]") }
        return text.replacing("\n", with: " ")
    }
}
