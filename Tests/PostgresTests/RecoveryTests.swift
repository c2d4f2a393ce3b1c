import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

/// Servers that go away, pools that run dry.
@Suite(.enabled(if: TestDatabase.isAvailable, "needs PostgreSQL")) struct RecoveryTests {
    static let logger = ConnectionTests.logger

    /// Ends every other connection to the database of `client`.
    static func terminateOthers(_ client: PostgresClient) async throws {
        try await PostgresClient.withDirectConnection(client.configuration, logger: logger) { killer in
            try await killer.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            try await eventually("the others are gone") {
                try await killer.query(
                    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
                ).isEmpty
            }
        }
    }

    @Test func terminatedBackendsHealOnTheNextQuery() async throws {
        try await TestDatabase.withEmpty { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await client.query("SELECT pg_sleep(0.05)") } }
                try await group.waitForAll()
            }
            try await Self.terminateOthers(client)
            for _ in 0..<8 { #expect(try await client.query("SELECT 1").decodeFirst(Int.self) == 1) }
        }
    }

    @Test func aConnectionLostInATransactionIsToldAndReplaced() async throws {
        try await TestDatabase.withEmpty { client in
            try await client.query("CREATE TABLE t (id int)")
            let error = await #expect(throws: PostgresError.self) {
                try await client.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    try await Self.terminateOthers(client)
                    try await connection.query("INSERT INTO t VALUES (2)")
                }
            }
            #expect(error?.code == .connectionFailed && error?.isTransient == true)
            #expect(try await client.query("SELECT count(*) FROM t").decodeFirst(Int.self) == 0)
        }
    }

    @Test func aTransactionLeftOpenIsNotHandedOn() async throws {
        try await TestDatabase.withEmpty { client in
            let first = try await client.withConnection { connection in
                try await connection.query("BEGIN")
                return try await connection.query("SELECT pg_backend_pid()").decodeFirst(Int.self)
            }
            #expect(try await client.query("SELECT pg_backend_pid()").decodeFirst(Int.self) != first)
        }
    }

    @Test func aConnectionKeptBeyondItsLeaseIsRefused() async throws {
        try await TestDatabase.withEmpty { client in
            let kept = try await client.withConnection { $0 }
            let error = await #expect(throws: PostgresError.self) { try await kept.query("SELECT 1") }
            #expect(error?.message.contains("after the closure") == true)
        }
    }

    /// A client of its own whose pool holds one connection.
    static func withNarrowPool(_ client: PostgresClient, timeout: Duration, _ body: (PostgresClient) async throws -> Void) async throws {
        var configuration = client.configuration
        configuration.maximumConnections = 1
        configuration.leaseTimeout = timeout
        let narrow = PostgresClient(configuration: configuration, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await narrow.run() }
            try await body(narrow)
            group.cancelAll()
        }
    }

    @Test func aLeaseThatTakesTooLongIsTold() async throws {
        try await TestDatabase.withEmpty { client in
            try await Self.withNarrowPool(client, timeout: .milliseconds(100)) { narrow in
                // On a busy machine connecting alone takes longer than the lease.
                try await eventually("the pool has its connection") { (try? await narrow.query("SELECT 1")) != nil }
                try await narrow.withConnection { _ in
                    let error = await #expect(throws: PostgresError.self) { try await narrow.query("SELECT 1") }
                    #expect(error?.code == .leaseTimeout && error?.isTransient == true)
                }
                #expect(try await narrow.query("SELECT 1").decodeFirst(Int.self) == 1)
            }
        }
    }

    @Test func aWaitingCallerCanBeCancelled() async throws {
        try await TestDatabase.withEmpty { client in
            try await Self.withNarrowPool(client, timeout: .seconds(600)) { narrow in
                try await narrow.withConnection { _ in
                    let task = Task { try await narrow.query("SELECT 1") }
                    await Task.yield()
                    task.cancel()
                    await #expect(throws: CancellationError.self) { try await task.value }
                }
                #expect(try await narrow.query("SELECT 1").decodeFirst(Int.self) == 1)
            }
        }
    }

    @Test func manyCallersShareFewConnections() async throws {
        try await TestDatabase.withEmpty { client in
            try await Self.withNarrowPool(client, timeout: .seconds(600)) { narrow in
                let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<200 { group.addTask { try await narrow.query("SELECT \(number)").decodeFirst(Int.self) ?? 0 } }
                    return try await group.reduce(0, +)
                }
                #expect(sum == 199 * 200 / 2)
            }
        }
    }

    @Test func aServerThatIsNotThereFailsAtOnceWithItsReason() async throws {
        var configuration = try TestDatabase.server()
        configuration.parameters["password"] = "s3cret"
        let client = PostgresClient(configuration: configuration.database("no_such_database"), logger: Self.logger)
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            let error = await #expect(throws: PostgresError.self) { try await client.query("SELECT 1") }
            #expect(error?.code == .connectionFailed && error?.message.contains("no_such_database") == true)
            #expect(error?.debugDescription.contains("s3cret") == false)
            group.cancelAll()
        }
    }

    @Test func aClientThatNobodyRunsSaysSo() async throws {
        var configuration = try TestDatabase.server()
        configuration.leaseTimeout = .milliseconds(50)
        let client = PostgresClient(configuration: configuration, logger: Self.logger)
        let error = await #expect(throws: PostgresError.self) { try await client.query("SELECT 1") }
        #expect(error?.code == .leaseTimeout && error?.message.contains("run()") == true)
    }

    final class Heard: Sendable {
        private let events = Mutex<[PostgresEvent]>([])
        var all: [PostgresEvent] { events.withLock { $0 } }
        var resets: Int { all.count { $0 == .reset } }
        func append(_ event: PostgresEvent) { events.withLock { $0.append(event) } }
    }

    @Test func listenersHearNotificationsAndLearnOfGaps() async throws {
        try await TestDatabase.withEmpty { client in
            let heard = Heard()
            try await withThrowingTaskGroup(of: Void.self) { group in
                let configuration = client.configuration
                group.addTask {
                    await PostgresClient.listen(configuration, channels: ["a", "Odd \"name\""], logger: Self.logger) { event in
                        heard.append(event)
                    }
                }
                try await eventually("listening") { heard.resets == 1 }
                try await client.query("SELECT pg_notify('a', \("one")), pg_notify('Odd \"name\"', 'two'), pg_notify('other', 'three')")
                try await eventually("both notifications") { heard.all.count == 3 }
                #expect(
                    heard.all == [
                        .reset, .notification(channel: "a", payload: "one"), .notification(channel: "Odd \"name\"", payload: "two"),
                    ])
                try await Self.terminateOthers(client)
                try await eventually("listening again") { heard.resets == 2 }
                try await client.query("NOTIFY a, 'four'")
                try await eventually("heard again") { heard.all.last == .notification(channel: "a", payload: "four") }
                group.cancelAll()
            }
        }
    }
}
