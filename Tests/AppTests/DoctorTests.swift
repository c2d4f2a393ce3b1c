import Foundation
import Logging
import TestSupport
import Testing

@testable import App
@testable import Postgres

/// What the doctor says of a server.
@Suite("Doctor") struct DoctorTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A server nothing is wrong with.
    static let healthy = ServerFacts(
        settings: [
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on", "track_counts": "on",
            "max_connections": "200", "superuser_reserved_connections": "3", "idle_in_transaction_session_timeout": "60000",
            "statement_timeout": "0", "lock_timeout": "0", "old_snapshot_threshold": "-1", "jit": "off", "wal_level": "replica",
            "synchronous_standby_names": "", "max_slot_wal_keep_size": "10240", "default_transaction_isolation": "read committed",
            "default_transaction_read_only": "off", "zero_damaged_pages": "off",
        ], version: 150_018)

    @Test("A healthy server has no risks") func nothing() { #expect(Self.healthy.risks == []) }

    @Test("Each risky setting is named with what, why and what to do") func risky() throws {
        let failed = [
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "track_counts": "off",
            "zero_damaged_pages": "on", "default_transaction_isolation": "serializable", "default_transaction_read_only": "on",
        ]
        let warning = [
            "max_connections": "20", "idle_in_transaction_session_timeout": "0", "statement_timeout": "500", "lock_timeout": "500",
            "old_snapshot_threshold": "60", "jit": "on", "wal_level": "minimal",
        ]
        for (settings, verdict) in [(failed, "failed"), (warning, "warning")] {
            for (name, value) in settings {
                var facts = Self.healthy
                facts.settings[name] = value
                let risks = facts.risks
                let risk = try #require(risks.first, "\(name)")
                #expect(risks.count == 1 && risk.check == "server: \(name)" && risk.verdict.rawValue == verdict)
                #expect(risk.remedy?.contains(name) == true && !risk.detail.isEmpty)
            }
        }
    }

    @Test("A setting that this version does not have is no risk") func absent() {
        #expect(ServerFacts(settings: [:], version: 170_000).risks == [])
    }

    @Test("Standbys, slots and full servers") func replication() {
        var facts = Self.healthy
        facts.standbys = ["replica1"]
        #expect(facts.risks.map(\.check) == ["server: synchronous_standby_names"])
        facts.settings["synchronous_standby_names"] = "ANY 1 (replica1)"
        facts.settings["synchronous_commit"] = "local"
        #expect(facts.risks.map(\.check) == ["server: synchronous_commit"])
        facts = Self.healthy
        facts.slots = [
            .init(name: "live", isActive: true, retained: 0, holdsRows: false),
            .init(name: "left", isActive: false, retained: 3 << 30, holdsRows: true),
        ]
        facts.settings["max_slot_wal_keep_size"] = "-1"
        let found = facts.risks
        #expect(found.map(\.check) == ["server: replication slot left", "server: max_slot_wal_keep_size"])
        #expect(found.first?.detail.contains("3072 MiB") == true && found.first?.detail.contains("dead rows") == true)
        facts = Self.healthy
        facts.connections = 190
        #expect(facts.risks.map(\.check) == ["server: max_connections"])
    }

    @Test("An old snapshot is named with its holder, dead rows with their table") func load() {
        let held = PostgresHealth(
            tables: [.init(name: "jobs.ready", live: 10, dead: 50_000), .init(name: "jobs.lane", live: 10, dead: 40)],
            holder: .init(kind: "session", name: "psql", pid: 4711, age: 90_000, seconds: 700), notifyQueueUsage: 0.5, hiddenSessions: 0)
        let found = Doctor.findings(on: held)
        #expect(found.map(\.check) == ["held snapshot", "dead rows", "notification queue"])
        #expect(found.allSatisfy { $0.verdict == .warning && $0.remedy != nil })
        #expect(
            found[0].detail.contains("psql, pid 4711, open for 700 s") && found[0].remedy?.contains("pg_terminate_backend(4711)") == true)
        #expect(found[1].detail.contains("jobs.ready 50000 dead") && !found[1].detail.contains("jobs.lane"))
        let calm = PostgresHealth(tables: held.tables.filter { $0.dead < 100 }, holder: nil, notifyQueueUsage: 0, hiddenSessions: 0)
        #expect(Doctor.findings(on: calm).allSatisfy { $0.verdict == .ok })
        let blind = PostgresHealth(tables: [], holder: nil, notifyQueueUsage: 0, hiddenSessions: 3)
        #expect(Doctor.findings(on: blind).contains { $0.remedy?.contains("pg_monitor") == true })
    }

    static func examine(_ environment: [String: String]) async throws -> [Doctor.Finding] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("relevo-doctor-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = try Settings.load(
            environment: environment.merging(["RELEVO_DATA_DIR": folder, "RELEVO_GRAPH_URL": "http://127.0.0.1:1"]) { given, _ in given })
        return await Doctor.examine(settings, logger: logger)
    }

    static func url(_ parameters: [String: String]) -> String {
        let allowed = CharacterSet.alphanumerics
        return "postgresql:///?"
            + parameters.sorted { $0.key < $1.key }.map {
                "\($0.key)=\($0.value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
            }.joined(separator: "&")
    }

    @Test("A real server is examined, and its risks are those of its settings", .enabled(if: TestDatabase.isAvailable, "needs PostgreSQL"))
    func realServer() async throws {
        try await TestDatabase.with { client in
            let found = try await Self.examine(["RELEVO_DATABASE_URL": Self.url(client.configuration.direct.parameters)])
            let checks = Set(found.map(\.check))
            #expect(checks.isSuperset(of: ["database", "clock", "schema", "held snapshot", "dead rows"]), "\(found)")
            #expect(!checks.contains("load") && !checks.contains("pooler"))
            let off = try await client.query("SELECT current_setting('fsync') = 'off'").decodeFirst(Bool.self)
            #expect(checks.contains("server: fsync") == off)
        }
    }

    @Test(
        "A pooler is named, and what is missing when only its address is given",
        .enabled(if: TestDatabase.isAvailable && TestDatabase.isPooled, "needs PgBouncer: make test/pgbouncer"))
    func pooler() async throws {
        try await TestDatabase.with { client in
            let pooled = Self.url(client.configuration.parameters)
            let alone = try await Self.examine(["RELEVO_DATABASE_URL": pooled])
            let missing = try #require(alone.first { $0.check == "pooler" })
            #expect(missing.verdict == .failed && missing.remedy?.contains("RELEVO_DATABASE_DIRECT_URL") == true)
            let direct = Self.url(client.configuration.direct.parameters)
            let both = try await Self.examine(["RELEVO_DATABASE_URL": pooled, "RELEVO_DATABASE_DIRECT_URL": direct])
            #expect(both.first { $0.check == "pooler" }?.verdict == .ok, "\(both)")
            let needless = try await Self.examine(["RELEVO_DATABASE_URL": direct, "RELEVO_DATABASE_DIRECT_URL": direct])
            #expect(needless.first { $0.check == "pooler" }?.verdict == .warning)
            let other = Self.url(client.configuration.direct.database("postgres").parameters)
            let apart = try await Self.examine(["RELEVO_DATABASE_URL": pooled, "RELEVO_DATABASE_DIRECT_URL": other])
            #expect(apart.first { $0.check == "pooler" }?.verdict == .failed)
            let error = await #expect(throws: SettingError.self) {
                let settings = try Settings.load(environment: ["RELEVO_DATABASE_URL": pooled])
                try await Database.open(settings, logger: Self.logger).prepare(migrate: false, logger: Self.logger)
            }
            #expect(error?.name == "RELEVO_DATABASE_DIRECT_URL")
        }
    }
}
