import CLibPQ
import Foundation
import Logging

/// One libpq connection, confined to its queue; blocking calls only.
actor Session {
    private let executor: QueueExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private var connection: OpaquePointer?
    private var canceller: Canceller?
    private var statements: StatementCache
    private let configuration: PostgresConfiguration
    private let logger: Logger

    init(configuration: PostgresConfiguration, logger: Logger) {
        executor = QueueExecutor(label: "relevo.postgres")
        self.configuration = configuration
        self.logger = logger
        statements = StatementCache(capacity: configuration.statementCacheSize)
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
        canceller = Canceller(connection: opened)
    }

    /// Ends the connection; it cannot be used again.
    func close() {
        if let connection { PQfinish(connection) }
        connection = nil
    }

    /// Whether the server still holds the connection; looks at the socket without a round trip.
    func isAlive() -> Bool {
        guard let connection, PQstatus(connection) == CONNECTION_OK else { return false }
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        if poll(&descriptor, 1, 0) > 0 { return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK }
        return true
    }

    /// Whether a transaction is open on the connection.
    var isIdle: Bool { connection.map { PQtransactionStatus($0) == PQTRANS_IDLE } ?? false }

    nonisolated func run(_ query: PostgresQuery, cancellable: Bool) async throws -> PostgresRows {
        guard cancellable else { return try await execute(query, ticket: nil) }
        guard let canceller = await self.canceller else { throw PostgresError(.connectionFailed, "the connection is closed") }
        let ticket = canceller.ticket()
        return try await withTaskCancellationHandler {
            do {
                return try await execute(query, ticket: ticket)
            } catch let error as PostgresError where error.sqlState == "57014" && Task.isCancelled {
                throw CancellationError()
            }
        } onCancel: {
            canceller.cancel(ticket)
        }
    }

    private func execute(_ query: PostgresQuery, ticket: UInt64?) throws -> PostgresRows {
        if let failure = query.failure { throw failure }
        guard let connection, let canceller else { throw PostgresError(.connectionFailed, "the connection is closed") }
        if let ticket {
            canceller.begin(ticket)
            // A cancel that came before `begin` found nothing to stop.
            if Task.isCancelled {
                canceller.end()
                throw CancellationError()
            }
        }
        defer { if ticket != nil { canceller.end() } }
        do {
            return try executeOnce(query, on: connection)
        } catch let error as PostgresError where isStalePlan(error) && PQtransactionStatus(connection) == PQTRANS_IDLE {
            forget(query.sql, on: connection)
            return try executeOnce(query, on: connection)
        }
    }

    /// 26000: the statement is gone (DISCARD, PgBouncer); 0A000: a migration changed its result type.
    private func isStalePlan(_ error: PostgresError) -> Bool {
        error.sqlState == "26000" || (error.sqlState == "0A000" && error.message.contains("cached plan"))
    }

    private func forget(_ sql: String, on connection: OpaquePointer) {
        if let name = statements.remove(sql) { PQclear(PQexec(connection, "DEALLOCATE \(name)")) }
    }

    private func executeOnce(_ query: PostgresQuery, on connection: OpaquePointer) throws -> PostgresRows {
        let name = try prepare(query, on: connection)
        let parameters = query.parameters
        let result = parameters.bytes.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            // Never nil, since the buffer holds at least one byte: a nil pointer would mean NULL.
            let base = buffer.baseAddress.map { UnsafeRawPointer($0) }
            let values = parameters.ranges.map { range in
                range.flatMap { range in base.map { ($0 + range.lowerBound).assumingMemoryBound(to: CChar.self) } }
            }
            let lengths = parameters.ranges.map { Int32($0?.count ?? 0) }
            let formats = [Int32](repeating: 1, count: parameters.oids.count)
            let count = Int32(parameters.oids.count)
            if let name { return PQexecPrepared(connection, name, count, values, lengths, formats, 1) }
            return PQexecParams(connection, query.sql, count, parameters.oids, values, lengths, formats, 1)
        }
        return PostgresRows(result: ResultBox(try checked(result, on: connection, sql: query.sql)))
    }

    /// The name of the prepared statement, nil when preparing is off.
    private func prepare(_ query: PostgresQuery, on connection: OpaquePointer) throws -> String? {
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
                _ = statements.remove(query.sql)
                throw error
            }
            return name
        }
    }

    /// Runs several statements in one message of the simple protocol: one implicit transaction, no parameters.
    func script(_ sql: String) throws {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        PQclear(try checked(PQexec(connection, sql), on: connection, sql: nil))
        statements.removeAll()
        PQclear(PQexec(connection, "DEALLOCATE ALL"))
    }

    /// Copies rows of the binary COPY form, in pieces of 64 KiB.
    func copyIn(_ statement: String, _ data: [UInt8]) throws -> Int {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        let start = PQexec(connection, statement)
        guard PQresultStatus(start) == PGRES_COPY_IN else {
            PQclear(try checked(start, on: connection, sql: statement))
            throw PostgresError(.unexpected, "not a COPY FROM STDIN statement")
        }
        PQclear(start)
        let sent = data.withUnsafeBytes { bytes -> Bool in
            var offset = 0
            while offset < bytes.count {
                let length = min(65536, bytes.count - offset)
                let piece = bytes.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
                guard PQputCopyData(connection, piece, Int32(length)) == 1 else { return false }
                offset += length
            }
            return true
        }
        _ = PQputCopyEnd(connection, sent ? nil : "the client could not send the data")
        let rows = PostgresRows(result: ResultBox(try checked(PQgetResult(connection), on: connection, sql: statement)))
        while let extra = PQgetResult(connection) { PQclear(extra) }
        return rows.affectedRows
    }

    /// Waits for notifications, at most `milliseconds`. Throws `.connectionFailed` when the server is gone.
    func notifications(milliseconds: Int32) throws -> [(channel: String, payload: String)] {
        guard let connection else { throw PostgresError(.connectionFailed, "the connection is closed") }
        var found = taken(from: connection)
        if found.isEmpty {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, milliseconds) > 0 {
                guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else {
                    throw PostgresError(.connectionFailed, "the connection was lost: \(message(of: connection))")
                }
                found = taken(from: connection)
            }
        }
        return found
    }

    private func taken(from connection: OpaquePointer) -> [(channel: String, payload: String)] {
        var found: [(channel: String, payload: String)] = []
        while let notification = PQnotifies(connection) {
            found.append((String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        return found
    }

    private func checked(_ result: OpaquePointer?, on connection: OpaquePointer, sql: String?) throws -> OpaquePointer {
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
    private func message(of connection: OpaquePointer) -> String {
        var text = String(cString: PQerrorMessage(connection)).trimmingCharacters(in: .whitespacesAndNewlines)
        if let password = configuration.parameters["password"], !password.isEmpty { text = text.replacing(password, with: "[redacted]") }
        return text.replacing("\n", with: " ")
    }
}
