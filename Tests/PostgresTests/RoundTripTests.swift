import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Postgres

/// Statements that share a round trip with others.
@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct RoundTripTests {
    typealias Stop = ConnectionTests.Stop

    private static func count(_ db: some PostgresExecutor) async throws -> Int? {
        try await db.query("SELECT count(*) FROM t").decodeFirst(Int.self)
    }

    private static func withConnection(
        to client: PostgresClient, statementCacheSize: Int, _ body: @Sendable (PostgresConnection) async throws -> Void
    ) async throws {
        var configuration = client.configuration
        configuration.statementCacheSize = statementCacheSize
        try await PostgresClient.withDirectConnection(configuration, logger: ConnectionTests.logger, body)
    }

    @Test(arguments: [0, 100])
    func whatGoesAlongIsDoneWithWhatComesNext(_ capacity: Int) async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await Self.withConnection(to: client, statementCacheSize: capacity) { connection in
                // Nothing else at all but COMMIT.
                try await connection.withTransaction { db in
                    try await db.piggyback("INSERT INTO t VALUES (\(Int32(1)))")
                    #expect(connection.session.isIdle, "not sent yet")
                    try await db.piggyback("INSERT INTO t VALUES (\(Int32(2)))")
                }
                #expect(try await Self.count(connection) == 2)
                // In order before the next one, whatever that is.
                try await connection.withTransaction { db in
                    try await db.query("SELECT 1")
                    try await db.piggyback("INSERT INTO t VALUES (3)")
                    #expect(try await Self.count(db) == 3)
                    try await db.piggyback("INSERT INTO t VALUES (4)")
                    #expect(try await db.pipeline(["SELECT \(1)", "SELECT count(*) FROM t"]).last?.decodeFirst(Int.self) == 4)
                    try await db.piggyback("INSERT INTO t VALUES (5)")
                    try await db.script("UPDATE t SET id = 50 WHERE id = 5")
                    try await db.piggyback("INSERT INTO t VALUES (6)")
                    _ = try await db.copy(into: "t", columns: ["id"], rows: [[Int32(7)]])
                }
                #expect(try await Self.count(connection) == 7)
                // Outside a transaction there is nothing to wait for.
                try await connection.piggyback("INSERT INTO t VALUES (8)")
                #expect(try await Self.count(connection) == 8)
            }
        }
    }

    @Test func whatFailsAlongTheWayFailsTheTransactionAndNamesItsPlace() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await client.query("INSERT INTO t VALUES (1)")
            try await client.withConnection { connection in
                let told = Mutex(false)
                let refusals = Mutex(0)
                var error = await #expect(throws: PostgresError.self) {
                    try await connection.withTransaction { db in
                        db.afterCommit { told.withLock { $0 = true } }
                        try await db.query("INSERT INTO t VALUES (2)")
                        try await db.piggyback("INSERT INTO t VALUES (1)", "its place", 7)
                    }
                }
                #expect(error?.isUniqueViolation() == true && error?.file == "its place" && error?.line == 7)
                #expect(connection.session.isIdle && !told.withLock { $0 })
                #expect(try await Self.count(connection) == 1)
                // One that cannot even be prepared is not forgotten by a body that goes on.
                error = await #expect(throws: PostgresError.self) {
                    try await connection.withTransaction { db in
                        try await db.piggyback("INSERT INTO nowhere VALUES (1)")
                        for _ in 0..<2 {
                            do {
                                try await db.query("INSERT INTO t VALUES (3)")
                                Issue.record("it went without the other")
                            } catch { refusals.withLock { $0 += 1 } }
                        }
                    }
                }
                #expect(refusals.withLock { $0 } == 2)
                // Where nothing is prepared, through a pooler, the server has it and the transaction has failed.
                #expect(error?.sqlState == "42P01" || error?.message.contains("an earlier statement") == true)
                #expect(connection.session.isIdle)
                #expect(try await Self.count(connection) == 1)
                // A commit that is refused.
                try await connection.query("CREATE TABLE u (id int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
                error = await #expect(throws: PostgresError.self) {
                    try await connection.withTransaction { try await $0.piggyback("INSERT INTO u VALUES (99)") }
                }
                #expect(error?.sqlState == "23503" && connection.session.isIdle)
                try await connection.withTransaction { try await $0.query("INSERT INTO t VALUES (5)") }
                #expect(try await Self.count(connection) == 2)
            }
        }
    }

    @Test func whatIsTakenBackTakesBackWhatWouldHaveGoneAlong() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await client.withConnection { connection in
                for first in [true, false] {
                    await #expect(throws: Stop()) {
                        try await connection.withTransaction { db in
                            if first { try await db.query("SELECT 1") }
                            try await db.piggyback("INSERT INTO t VALUES (1)")
                            throw Stop()
                        }
                    }
                    #expect(connection.session.isIdle)
                }
                try await connection.withTransaction { db in
                    try await db.piggyback("INSERT INTO t VALUES (2)")
                    await #expect(throws: Stop()) {
                        try await db.withSavepoint { db in
                            try await db.piggyback("INSERT INTO t VALUES (3)")
                            throw Stop()
                        }
                    }
                    try await db.withSavepoint { try await $0.piggyback("INSERT INTO t VALUES (4)") }
                }
                #expect(try await connection.query("SELECT id FROM t ORDER BY id").decode(Int32.self) == [2, 4])
            }
        }
    }

    /// A statement refused because its task was cancelled before it began has taken nothing along; nor is it begun with COMMIT then.
    @Test func aCancelledTaskBeginsNothingThatWasToGoAlong() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            for first in [true, false] {
                let task = Task {
                    try await client.withTransaction { db in
                        if first { try await db.query("SELECT 1") }
                        try await db.piggyback("INSERT INTO t VALUES (\(Int32(first ? 1 : 2)))")
                        withUnsafeCurrentTask { $0?.cancel() }
                        await #expect(throws: CancellationError.self) { try await db.query("SELECT 1") }
                    }
                }
                await #expect(throws: CancellationError.self) { try await task.value }
            }
            #expect(try await Self.count(client) == 0)
        }
    }

    @Test func whatWasToGoAlongOnALostConnectionIsAnErrorOfTheTransaction() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            for first in [true, false] {
                let error = await #expect(throws: PostgresError.self) {
                    try await client.withTransaction { db in
                        let pid = try await db.query("SELECT pg_backend_pid()").decodeFirst(Int.self)
                        if first { try await db.piggyback("INSERT INTO t VALUES (1)") }
                        try await client.query("SELECT pg_terminate_backend(\(try #require(pid))::int, 5000)")
                        if !first {
                            _ = try? await db.query("SELECT 1")
                            try await db.piggyback("INSERT INTO t VALUES (1)")
                        }
                    }
                }
                #expect(error?.isTransient == true)
            }
            #expect(try await Self.count(client) == 0)
        }
    }

    @Test(arguments: [0, 100])
    func statementsOfTheirOwnSeeEachOtherAndFailAlone(_ capacity: Int) async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await Self.withConnection(to: client, statementCacheSize: capacity) { connection in
                let rows = try await connection.separately([
                    "INSERT INTO t VALUES (\(Int32(1))) RETURNING txid_current()", "SELECT count(*) FROM t",
                    "INSERT INTO t VALUES (2) RETURNING txid_current()",
                ]).map { try $0.get() }
                #expect(try rows[1].decodeFirst(Int.self) == 1)
                #expect(try rows[0].decodeFirst(Int.self) != rows[2].decodeFirst(Int.self))
                for bad in 0..<3 {
                    let ids = (0..<3).map { Int32($0 == bad ? 1 : 10 * (bad + 1) + $0) }
                    let answers = try await connection.separately(ids.map { "INSERT INTO t VALUES (\($0))" })
                    for (place, answer) in answers.enumerated() {
                        switch answer {
                        case .success: #expect(place != bad)
                        case .failure(let error): #expect(place == bad && error.isUniqueViolation() && error.line != nil)
                        }
                    }
                    #expect(connection.session.isIdle)
                }
                #expect(try await Self.count(connection) == 8)
                await #expect(throws: PostgresError.self) {
                    try await connection.withTransaction { _ = try await $0.separately(["SELECT 1"]) }
                }
                #expect(try await connection.query("SELECT \(7)").decodeFirst(Int.self) == 7)
            }
        }
    }

    /// A migration changes what a prepared statement returns: it alone fails, once.
    @Test func aStalePlanFailsAloneAndIsPreparedAnew() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int)")
            try await Self.withConnection(to: client, statementCacheSize: 100) { connection in
                let statements: [PostgresQuery] = ["SELECT count(*) FROM t", "SELECT * FROM t", "SELECT \(7)"]
                for answer in try await connection.separately(statements) { _ = try answer.get() }
                try await client.query("ALTER TABLE t ADD COLUMN more int")
                let answers = try await connection.separately(statements)
                #expect(throws: Never.self) { _ = (try answers[0].get(), try answers[2].get()) }
                #expect(throws: PostgresError.self) { try answers[1].get() }
                for answer in try await connection.separately(statements) { _ = try answer.get() }
            }
        }
    }

    /// More texts than are kept prepared, in pipelines that need the ones which others have pushed out.
    @Test func whatIsPushedOutOfTheCacheIsPreparedAgain() async throws {
        try await TestDatabase.withEmpty { client in
            try await Self.withConnection(to: client, statementCacheSize: 3) { connection in
                let texts: [PostgresQuery] = [
                    "SELECT \(0)", "SELECT \(1) + 0", "SELECT \(2) + 0 + 0", "SELECT \(3) + 0 + 0 + 0", "SELECT \(4) - 0",
                ]
                var generator = SeededRandom(seed: 1)
                for _ in 0..<100 {
                    let chosen = (0..<Int.random(in: 1...5, using: &generator)).map { _ in Int.random(in: 0..<5, using: &generator) }
                    let rows = try await connection.pipeline(chosen.map { texts[$0] })
                    #expect(try rows.map { try $0.decodeFirst(Int.self) } == chosen)
                }
                let left = try await connection.query("SELECT count(*) FROM pg_prepared_statements").decodeFirst(Int.self)
                #expect((left ?? .max) <= 3)
            }
        }
    }

    /// Each transaction runs on its connection's own thread, and so do the tasks it begins: none may wait for that thread in vain.
    @Test func transactionsWithinOneAndItsChildTasksGoOn() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await client.withTransaction { db in
                try await db.query("INSERT INTO t VALUES (1)")
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for id in 2...3 as ClosedRange<Int32> {
                        tasks.addTask {
                            try await client.withTransaction { other in
                                try await other.query("INSERT INTO t VALUES (\(id))")
                                try await client.query("SELECT 1")
                            }
                        }
                    }
                    tasks.addTask {
                        let count = try await Self.count(db)
                        #expect((count ?? 0) >= 1)
                    }
                    try await tasks.waitForAll()
                }
                #expect(try await Self.count(db) == 3)
            }
            #expect(try await Self.count(client) == 3)
        }
    }
}
