import App
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@Suite("Private PostgreSQL", .serialized)
struct PrivatePostgresTests {
    private func withFolder(_ name: String = "data", _ body: (String) async throws -> Void) async throws {
        let folder = "/tmp/relevo-test-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body("\(folder)/\(name)")
    }

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func value(_ cluster: PrivatePostgres, _ query: PostgresQuery) async throws -> String? {
        try await PostgresClient.withDirectConnection(cluster.configuration, logger: logger) {
            try await $0.query(query).decodeFirst(String.self)
        }
    }

    @Test("Made once, shared while in use, stopped by the last user, found again with its data")
    func life() async throws {
        try await withFolder { folder in
            let first = try await PrivatePostgres.acquire(dataFolder: folder, logger: logger)
            #expect(try await value(first, "SHOW fsync") == "on")
            #expect(try await value(first, "SHOW listen_addresses") == "")
            _ = try await PostgresClient.withDirectConnection(first.configuration, logger: logger) {
                try await $0.query("CREATE TABLE kept (x text)")
            }
            let process = try #require(first.process)
            let second = try await PrivatePostgres.acquire(dataFolder: folder, logger: logger)
            #expect(second.process == process)
            await first.release()
            #expect(second.process == process)
            #expect(try await value(second, "SELECT 'still here'") == "still here")
            await second.release()
            #expect(second.process == nil)
            let third = try await PrivatePostgres.acquire(dataFolder: folder, logger: logger)
            #expect(try await value(third, "SELECT count(*)::text FROM kept") == "0")
            await third.release()
        }
    }

    @Test("A postmaster killed with SIGKILL is started again by whoever watches, and committed rows are there")
    func recovery() async throws {
        try await withFolder { folder in
            let cluster = try await PrivatePostgres.acquire(dataFolder: folder, logger: logger)
            _ = try await PostgresClient.withDirectConnection(cluster.configuration, logger: logger) { db in
                try await db.query("CREATE TABLE kept (x text)")
                try await db.query("INSERT INTO kept VALUES ('row')")
            }
            let watch = Task { try await cluster.watch() }
            let process = try #require(cluster.process)
            kill(process, SIGKILL)
            try await eventually("the server runs again") {
                guard let now = cluster.process, now != process else { return false }
                return (try? await value(cluster, "SELECT x FROM kept")) == "row"
            }
            watch.cancel()
            _ = try? await watch.value
            await cluster.release()
            #expect(cluster.process == nil)
        }
    }

    @Test("A socket path over the limit is put elsewhere")
    func longPath() async throws {
        try await withFolder(String(repeating: "long/", count: 20) + "data") { folder in
            let cluster = try await PrivatePostgres.acquire(dataFolder: folder, logger: logger)
            let socket = try #require(cluster.configuration.parameters["host"])
            #expect(!socket.hasPrefix(folder) && socket.utf8.count < 90)
            #expect(try await value(cluster, "SELECT 'reached'") == "reached")
            await cluster.release()
            try? FileManager.default.removeItem(atPath: socket)
        }
    }
}
