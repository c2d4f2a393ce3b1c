import Logging
import Postgres
import TestSupport
import Testing

/// A snapshot that is held for long: what it does to a table, and who holds it.
@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct HealthTests {
    @Test func aHeldSnapshotIsNamedWithTheDeadRowsItKeeps() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE hot (id int) WITH (autovacuum_enabled = off)")
            try await client.query("INSERT INTO hot SELECT generate_series(1, 100)")
            var holding = client.configuration
            holding.applicationName = "a report nobody closed"
            try await PostgresClient.withDirectConnection(holding, logger: ConnectionTests.logger) { holder in
                try await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
                let pid = try await holder.query("SELECT pg_backend_pid() FROM hot").decodeFirst(Int.self)
                for _ in 0..<3 { try await client.query("UPDATE hot SET id = id + 1") }
                // Vacuum may not remove what the snapshot sees; the statistics come a moment later.
                try await client.query("VACUUM hot")
                try await eventually("the dead rows are known") {
                    try await PostgresHealth.read(tables: ["public.hot"], on: client).tables.first?.dead ?? 0 >= 300
                }
                let health = try await PostgresHealth.read(tables: ["public.hot", "public.no_such_table"], on: client)
                let found = try #require(health.holder)
                #expect(found.pid == pid && found.kind == "session" && found.name == "a report nobody closed" && found.age >= 3)
                #expect(found.seconds > 0 && found.description.contains("pid \(found.pid)"))
                #expect(health.tables.map(\.name) == ["hot"] && (0...1).contains(health.notifyQueueUsage))
                try await holder.query("COMMIT")
            }
            try await client.query("VACUUM hot")
            try await eventually("vacuum has removed them") {
                let health = try await PostgresHealth.read(tables: ["public.hot"], on: client)
                return health.tables.first?.dead == 0 && health.holder?.name != "a report nobody closed"
            }
        }
    }

    @Test func aPreparedTransactionAndASlotCount() async throws {
        try await TestDatabase.withEmpty { client in
            guard try await client.query("SELECT current_setting('max_prepared_transactions')::int > 0").decodeFirst(Bool.self) == true
            else { return }
            try await client.query("CREATE TABLE t (id int)")
            try await client.withConnection { connection in
                try await connection.script("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'forgotten'")
            }
            let holder = try await PostgresHealth.read(tables: [], on: client).holder
            #expect(holder?.kind == "prepared transaction" && holder?.name == "forgotten")
            try await client.query("ROLLBACK PREPARED 'forgotten'")
        }
    }

    @Test func thePoolTellsHowItIsUsed() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.withConnection { connection in
                try await connection.query("SELECT 1")
                let usage = client.usage
                #expect(usage.lent == 1 && usage.waiting == 0 && usage.maximum == client.configuration.maximumConnections)
            }
            #expect(client.usage.lent == 0 && client.usage.idle >= 1)
        }
    }
}
