import Foundation
import Logging
import TestSupport
import Testing

@testable import Postgres

/// PgBouncer in transaction mode before the server: `make test/pgbouncer` runs the whole suite through it.
@Suite(.enabled(if: TestDatabase.isAvailable && TestDatabase.isPooled, "needs PgBouncer: make test/pgbouncer")) struct PoolerTests {

    @Test func pooledConnectionsGoThroughItAndDirectOnesDoNot() async throws {
        let configuration = try TestDatabase.server()
        let pooled = Session(configuration: configuration)
        try await pooled.connect()
        let isPooled = try await pooled.isPooled()
        #expect(isPooled)
        await pooled.close()
        try await PostgresClient.withDirectConnection(configuration, logger: ConnectionTests.logger) { connection in
            let isPooled = try await connection.session.isPooled()
            #expect(!isPooled)
        }
    }

    @Test func aPoolerWhereTheServerIsNeededIsRefused() async throws {
        var configuration = try TestDatabase.server()
        configuration.directParameters = nil
        let address = configuration
        let error = await #expect(throws: PostgresError.self) {
            try await PostgresClient.withDirectConnection(address, logger: ConnectionTests.logger) { try await $0.query("SELECT 1") }
        }
        #expect(error?.code == .pooled && error?.message.contains("pooler") == true && error?.isTransient == false)
    }

    /// More clients than server connections, in transactions and pipelines, with statements that fail among them.
    @Test func transactionsAndPipelinesOfManyClientsDoNotMix() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id bigint PRIMARY KEY, filler text)")
            var wide = client.configuration
            wide.maximumConnections = 30
            let many = PostgresClient(configuration: wide, logger: ConnectionTests.logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await many.run() }
                try await withThrowingTaskGroup(of: Void.self) { work in
                    for worker in 0..<30 {
                        work.addTask {
                            for round in 0..<10 {
                                let first = worker * 1000 + round * 10
                                let filler = String(repeating: "x", count: 5000)
                                let rows = try await many.withTransaction { connection in
                                    let mine = try await connection.query("SELECT txid_current()").decodeFirst(Int.self)
                                    let rows = try await connection.pipeline(
                                        (0..<10).map { "INSERT INTO t VALUES (\(first + $0), \(filler)) RETURNING id, filler" })
                                    let still = try await connection.query("SELECT txid_current()").decodeFirst(Int.self)
                                    #expect(mine == still)
                                    return rows
                                }
                                let ids = try rows.map { try $0[0].decode(column: "id", as: Int.self) }
                                #expect(ids == (0..<10).map { first + $0 })
                                let error = await #expect(throws: PostgresError.self) {
                                    try await many.withConnection {
                                        try await $0.pipeline([
                                            "INSERT INTO t VALUES (\(first + 900_000))", "INSERT INTO t VALUES (\(first))", "SELECT \(1)",
                                        ])
                                    }
                                }
                                #expect(error?.isUniqueViolation() == true)
                                let apart = try await many.withConnection {
                                    try await $0.separately([
                                        "SELECT \(first)", "SELECT \(first + 1)", "SELECT id FROM t WHERE id = \(first)",
                                    ])
                                }
                                #expect(try apart.map { try $0.get().decodeFirst(Int.self) } == [first, first + 1, first])
                            }
                        }
                    }
                    try await work.waitForAll()
                }
                group.cancelAll()
            }
            let count = try await client.query("SELECT count(*) FROM t").decodeFirst(Int.self)
            #expect(count == 30 * 10 * 10, "nothing of the pipelines that failed")
        }
    }

    @Test func nothingIsPreparedThroughIt() async throws {
        try await TestDatabase.withEmpty { client in
            for number in 0..<20 { try await client.query("SELECT \(number)") }
            let prepared = try await client.query("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''").decodeFirst(Int.self)
            #expect(prepared == 0)
        }
    }
}
