import Logging
import Postgres

/// What the server and this program have used up to a moment.
struct Spending: Sendable {
    var walBytes: Int64
    /// Transactions that wrote, as transaction ids are given out.
    var transactions: Int64
    var serverMicros: Int64?
    var clientMicros: Int64

    static func now(_ db: some PostgresExecutor, _ server: ServerTimes?) async throws -> Spending {
        let row = try await db.query(
            """
            SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint,
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint
            """
        ).decodeFirst((Int64, Int64).self)
        return Spending(
            walBytes: row?.0 ?? 0, transactions: row?.1 ?? 0, serverMicros: server?.micros(),
            clientMicros: ProcessTimes.own + ProcessTimes.children)
    }

    /// What was used since, a message.
    func since(_ before: Spending, messages: Int) -> SpendingPerMessage {
        let count = Double(max(1, messages))
        return SpendingPerMessage(
            walBytes: Double(walBytes - before.walBytes) / count, transactions: Double(transactions - before.transactions) / count,
            serverCPUMicros: serverMicros.flatMap { now in before.serverMicros.map { Double(now - $0) / count } },
            clientCPUMicros: Double(clientMicros - before.clientMicros) / count)
    }
}

/// What one message costs. Others at work on the same server are counted too.
package struct SpendingPerMessage: Codable, Sendable {
    package var walBytes: Double
    /// Transactions that wrote.
    package var transactions: Double
    /// Nil when the server is on another machine.
    package var serverCPUMicros: Double?
    package var clientCPUMicros: Double

    private enum CodingKeys: String, CodingKey {
        case walBytes = "walBytesPerMessage"
        case transactions = "transactionsPerMessage"
        case serverCPUMicros = "serverCpuMicrosPerMessage"
        case clientCPUMicros = "clientCpuMicrosPerMessage"
    }
}
