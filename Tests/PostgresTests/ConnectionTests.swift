import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct ConnectionTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    struct Stop: Error, Equatable {}

    static func count(_ client: PostgresClient) async throws -> Int? {
        try await client.query("SELECT count(*) FROM t").decodeFirst(Int.self)
    }

    @Test func aThrowRollsBackAndIsRethrownAsItIs() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            await #expect(throws: Stop()) {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    throw Stop()
                }
            }
            #expect(try await Self.count(client) == 0)
            try await client.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") }
            #expect(try await Self.count(client) == 1)
        }
    }

    @Test func aTransactionWhoseStatementFailedUnseenIsNoSuccess() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try? await connection.query("INSERT INTO t VALUES (1)")
                }
            }
            #expect(error?.message.contains("rolled back") == true)
            #expect(try await Self.count(client) == 0)
        }
    }

    @Test func savepointsNestAndUndoOnlyTheirOwn() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await client.withTransaction { connection in
                try await connection.query("INSERT INTO t VALUES (1)")
                _ = try? await connection.withSavepoint { connection in
                    try await connection.query("INSERT INTO t VALUES (2)")
                    _ = try? await connection.withSavepoint { try await $0.query("INSERT INTO t VALUES (1)") }
                    // The failed inner savepoint must not catch this roll-back.
                    throw Stop()
                }
                // A transaction inside a transaction joins it.
                try await connection.withTransaction { try await $0.query("INSERT INTO t VALUES (3)") }
            }
            #expect(try await client.query("SELECT id FROM t ORDER BY id").decode(Int.self) == [1, 3])
        }
    }

    @Test func serverErrorsCarryTheirParts() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY)")
            try await client.query("INSERT INTO t VALUES (1)")
            let error = try #require(await #expect(throws: PostgresError.self) { try await client.query("INSERT INTO t VALUES (\(1))") })
            #expect(error.isUniqueViolation(of: "t_key") && !error.isUniqueViolation(of: "other") && !error.isTransient)
            #expect(error.table == "t" && error.file?.hasSuffix("ConnectionTests.swift") == true && error.line != nil)
            #expect(
                !error.description.contains("(id)=(1)") && error.debugDescription.contains("(id)=(1)"), "values stay out of the public text"
            )
        }
    }

    @Test func cancellingTheTaskStopsTheStatementOnTheServer() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.withConnection { connection in
                let pid = try await connection.query("SELECT pg_backend_pid()").decodeFirst(Int.self)
                let sleeping: PostgresQuery =
                    "SELECT 1 FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active' AND wait_event = 'PgSleep'"
                let task = Task { try await connection.query("SELECT pg_sleep(600)") }
                try await eventually("the statement runs") { try await !client.query(sleeping).isEmpty }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(try await client.query(sleeping).isEmpty)
                // The connection is as good as before, and the cancel did not hit the next statement.
                for _ in 0..<20 { #expect(try await connection.query("SELECT pg_backend_pid()").decodeFirst(Int.self) == pid) }
            }
        }
    }

    @Test func aTaskCancelledBeforehandRunsNothing() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int)")
            try await client.withConnection { connection in
                let task = Task {
                    withUnsafeCurrentTask { $0?.cancel() }
                    return try await connection.query("INSERT INTO t VALUES (1)")
                }
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            #expect(try await Self.count(client) == 0)
        }
    }

    @Test(arguments: [0, 100])
    func aPipelineIsOneRoundTripAndOneTransaction(_ capacity: Int) async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY, filler text)")
            var configuration = client.configuration
            configuration.statementCacheSize = capacity
            try await PostgresClient.withDirectConnection(configuration, logger: Self.logger) { connection in
                // More than the buffers of both sides hold, both ways.
                let filler = String(repeating: "x", count: 20_000)
                let results = try await connection.pipeline(
                    (0..<1000).map { "INSERT INTO t VALUES (\(Int32($0)), \(filler)) RETURNING id, filler" })
                #expect(try results.map { try $0[0].decode(column: "id", as: Int.self) } == Array(0..<1000))
                let mixed = try await connection.pipeline(["SELECT \(1)", "SELECT \("a")", "SELECT \(2)"])
                #expect(try mixed[1].decodeFirst(String.self) == "a" && mixed[2].decodeFirst(Int.self) == 2)

                let error = await #expect(throws: PostgresError.self) {
                    try await connection.pipeline([
                        "INSERT INTO t VALUES (2000)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2001)",
                    ])
                }
                #expect(error?.isUniqueViolation() == true && error?.sql?.contains("(1)") == true && connection.session.isIdle)
                #expect(try await connection.query("SELECT count(*) FROM t WHERE id >= 2000").decodeFirst(Int.self) == 0)

                try await connection.withTransaction { connection in
                    _ = try await connection.pipeline(["INSERT INTO t VALUES (3000)", "INSERT INTO t VALUES (3001)"])
                    #expect(!connection.session.isIdle)
                }
                #expect(try await connection.query("SELECT count(*) FROM t WHERE id >= 3000").decodeFirst(Int.self) == 2)
            }
        }
    }

    /// BEGIN goes along with whatever comes first, and belongs to it.
    @Test func aTransactionBeginsWithItsFirstStatement() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await client.withConnection { connection in
                let told = Mutex(0)
                try await connection.withTransaction { db in
                    db.afterCommit { told.withLock { $0 += 1 } }
                    #expect(told.withLock { $0 } == 0)
                }
                #expect(told.withLock { $0 } == 1)
                await #expect(throws: Stop()) {
                    try await connection.withTransaction { db in
                        db.afterCommit { told.withLock { $0 += 1 } }
                        throw Stop()
                    }
                }
                #expect(told.withLock { $0 } == 1)
                let firsts: [@Sendable (PostgresConnection) async throws -> Void] = [
                    { try await $0.query("INSERT INTO t VALUES (1)") },
                    { _ = try await $0.pipeline(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]) },
                    { try await $0.script("INSERT INTO t VALUES (1)") },
                    { _ = try await $0.copy(into: "t", columns: ["id"], rows: [[Int32(1)]]) },
                    { _ = try await $0.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") } },
                    { _ = try await $0.withSavepoint { try await $0.query("INSERT INTO t VALUES (1)") } },
                    { try await $0.query("SELECT 1/0") },
                ]
                for (place, first) in firsts.enumerated() {
                    await #expect(throws: (any Error).self) {
                        try await connection.withTransaction { db in
                            try await first(db)
                            throw Stop()
                        }
                    }
                    #expect(connection.session.isIdle, "\(place)")
                    #expect(try await connection.query("SELECT count(*) FROM t").decodeFirst(Int.self) == 0, "\(place)")
                }
                // Refused before BEGIN was sent: who goes on is in the transaction all the same.
                await #expect(throws: Stop()) {
                    try await connection.withTransaction { db in
                        await #expect(throws: PostgresError.self) { try await db.query("SELECT nothing FROM nowhere") }
                        try await db.query("INSERT INTO t VALUES (1)")
                        throw Stop()
                    }
                }
                #expect(try await connection.query("SELECT count(*) FROM t").decodeFirst(Int.self) == 0)
                try await connection.withTransaction { try await firsts[4]($0) }
                #expect(try await connection.query("SELECT count(*) FROM t").decodeFirst(Int.self) == 1)
            }
        }
    }

    @Test func copyLoadsRowsAndReportsARefusalWithoutHarm() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id bigint PRIMARY KEY, name text, at timestamptz, doc jsonb)")
            try await client.withConnection { connection in
                let rows: [[any PostgresEncodable]] = (0..<5000).map { index in
                    [index, index % 2 == 0 ? String?.none : "name \(index)", Date(timeIntervalSince1970: 1), PostgresJSON(text: "{}")]
                }
                let copied = try await connection.copy(into: "t", columns: ["id", "name", "at", "doc"], rows: rows)
                #expect(copied == 5000)
                let error = await #expect(throws: PostgresError.self) {
                    try await connection.copy(into: "t", columns: ["id"], rows: [[7], [8]])
                }
                #expect(error?.isUniqueViolation() == true)
                #expect(connection.session.isIdle)
            }
            #expect(try await client.query("SELECT count(*) FROM t WHERE name IS NULL").decodeFirst(Int.self) == 2500)
        }
    }

    @Test(arguments: [0, 2])
    func statementsAreCachedEvictedOrNotPreparedAtAll(_ capacity: Int) async throws {
        try await TestDatabase.withEmpty { client in
            var configuration = client.configuration
            configuration.statementCacheSize = capacity
            try await PostgresClient.withDirectConnection(configuration, logger: Self.logger) { connection in
                try await connection.query("SELECT 1")
                for _ in 0..<2 {
                    for number in 0..<5 {
                        let query = PostgresQuery(unsafeSQL: "SELECT \(number)")
                        #expect(try await connection.query(query).decodeFirst(Int.self) == number)
                    }
                }
                let prepared = try await connection.session.run("SELECT count(*) FROM pg_prepared_statements", cancellable: false)
                #expect(try prepared.decodeFirst(Int.self) == capacity)
            }
        }
    }

    @Test func aStatementWhoseTableChangedIsPreparedAnew() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int)")
            try await client.query("INSERT INTO t VALUES (1)")
            try await client.withConnection { connection in
                #expect(try await connection.query("SELECT * FROM t").decode(Int.self) == [1])
                try await connection.query("ALTER TABLE t ALTER COLUMN id TYPE bigint")
                #expect(try await connection.query("SELECT * FROM t").decode(Int.self) == [1])
                // Inside a transaction the first attempt fails, the next one works.
                try await connection.query("ALTER TABLE t ALTER COLUMN id TYPE int")
                _ = try? await connection.withTransaction { try await $0.query("SELECT * FROM t") }
                #expect(try await connection.withTransaction { try await $0.query("SELECT * FROM t").decode(Int.self) } == [1])
                try await connection.query("DEALLOCATE ALL")
                #expect(try await connection.query("SELECT * FROM t").decode(Int.self) == [1])
            }
        }
    }

    @Test func whatWaitsForACommitIsCalledAfterItAndNotAfterARollback() async throws {
        struct Undone: Error {}
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (n int)")
            let called = Mutex<[String]>([])
            @Sendable func note(_ what: String) -> @Sendable () -> Void { { called.withLock { $0.append(what) } } }
            client.afterCommit(note("at once"))
            #expect(called.withLock { $0 } == ["at once"])
            try await client.withTransaction { db in
                try await db.query("INSERT INTO t VALUES (1)")
                db.afterCommit(note("committed"))
                try? await db.withSavepoint { inner in
                    inner.afterCommit(note("savepoint undone"))
                    throw Undone()
                }
                try await db.withSavepoint { $0.afterCommit(note("savepoint kept")) }
                #expect(called.withLock { $0 } == ["at once"])
            }
            #expect(called.withLock { $0 } == ["at once", "committed", "savepoint kept"])
            try? await client.withTransaction { db in
                db.afterCommit(note("undone"))
                throw Undone()
            }
            try await client.withTransaction { try await $0.query("SELECT 1") }
            #expect(called.withLock { $0 } == ["at once", "committed", "savepoint kept"])
        }
    }

    /// Two blocked statements on a two-core machine must leave the tasks of the program running.
    @Test func slowStatementsDoNotHoldTheCooperativePool() async throws {
        try await TestDatabase.withEmpty { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await client.withTransaction { connection in
                    try await connection.query("SELECT pg_advisory_xact_lock(2)")
                    for _ in 0..<8 { group.addTask { try await client.query("SELECT pg_advisory_xact_lock_shared(2)") } }
                    let waiting: PostgresQuery =
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                    try await eventually("eight statements block") { try await connection.query(waiting).decodeFirst(Int.self) == 8 }
                }
                try await group.waitForAll()
            }
        }
    }
}
