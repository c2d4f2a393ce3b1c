import Foundation
import Jobs
import Logging
import Postgres

extension Doctor {
    /// The server, the way to it, its settings and its clock. False when it cannot be asked.
    mutating func lookAtServer(_ database: Database) async -> Bool {
        let configuration = database.configuration
        do {
            let (facts, drift) = try await PostgresClient.withDirectConnection(configuration, logger: logger) { db in
                let facts = try await ServerFacts.read(on: db)
                let before = Date()
                let theirs = try await db.query("SELECT clock_timestamp()").decodeFirst(Date.self) ?? before
                // The middle of the round trip.
                let middle = before.addingTimeInterval(Date().timeIntervalSince(before) / 2)
                return (facts, abs(middle.timeIntervalSince(theirs)))
            }
            let name = database.cluster == nil ? "\(configuration)" : "private cluster in \(settings.dataFolder)"
            if facts.version < 140_000 {
                add("database", .failed, "\(name) is PostgreSQL \(facts.version / 10_000)", "Relevo needs 14 or later")
            } else {
                add("database", .ok, "\(name), PostgreSQL \(facts.version / 10_000).\(facts.version % 10_000)")
            }
            add(
                "clock", drift > 2 ? .warning : .ok, "this machine and the database differ by \(Int(drift * 1000)) ms",
                drift > 2 ? "run a time service on both" : nil)
            let risks = facts.risks
            if risks.isEmpty { add("server settings", .ok, "nothing risky") }
            findings += risks
            if configuration.isPooled { try await lookAtPooler(configuration) }
            return true
        } catch let error as PostgresError where error.code == .pooled {
            add(
                "pooler", .failed,
                configuration.isPooled
                    ? "RELEVO_DATABASE_DIRECT_URL leads to a connection pooler"
                    : "RELEVO_DATABASE_URL leads to a connection pooler, and nothing says where the server is: LISTEN, migrations and heartbeats cannot work",
                "set RELEVO_DATABASE_DIRECT_URL to the address of the server itself")
        } catch {
            add("database", .unreachable, "\(error)", "check RELEVO_DATABASE_URL and that the server runs")
        }
        return false
    }

    private mutating func lookAtPooler(_ configuration: PostgresConfiguration) async throws {
        guard try await PostgresClient.meetsPooler(configuration) else {
            return add(
                "pooler", .warning, "RELEVO_DATABASE_URL leads to the server itself: statements are not prepared, for nothing",
                "leave RELEVO_DATABASE_DIRECT_URL out")
        }
        let identity: PostgresQuery = "SELECT system_identifier::text || ' ' || current_database() FROM pg_control_system()"
        let behind = try await Self.withClient(configuration, logger) { try await $0.query(identity).decodeFirst(String.self) }
        let server = try await PostgresClient.withDirectConnection(configuration, logger: logger) {
            try await $0.query(identity).decodeFirst(String.self)
        }
        if behind == server {
            add("pooler", .ok, "a pooler stands before the server; statements are not prepared through it")
        } else {
            add(
                "pooler", .failed, "RELEVO_DATABASE_URL and RELEVO_DATABASE_DIRECT_URL lead to different databases",
                "let both lead to the same database of the same server")
        }
    }

    /// Dead rows, and who keeps them; the notification queue.
    mutating func lookAtLoad(_ database: Database) async {
        do {
            let health = try await PostgresClient.withDirectConnection(database.configuration, logger: logger) {
                try await PostgresHealth.read(tables: JobMetrics.hotTables + ["gateway.message", "gateway.event"], on: $0)
            }
            findings += Self.findings(on: health)
        } catch {
            add("load", .failed, "the state of the server cannot be read: \(error)")
        }
    }

    /// A snapshot is old after this long, in seconds.
    static let oldSnapshot = 60.0

    static func findings(on health: PostgresHealth) -> [Finding] {
        var found: [Finding] = []
        if let holder = health.holder, holder.seconds >= oldSnapshot || (holder.seconds == 0 && holder.age > 100_000) {
            found.append(
                Finding(
                    check: "held snapshot", verdict: .warning, detail: "\(holder.description): no dead row younger than it can be removed",
                    remedy: remedy(against: holder)))
        } else {
            let hidden = health.hiddenSessions
            found.append(
                Finding(
                    check: "held snapshot", verdict: hidden == 0 ? .ok : .warning,
                    detail: hidden == 0 ? "none older than \(Int(oldSnapshot)) s" : "\(hidden) sessions of other roles cannot be looked at",
                    remedy: hidden == 0 ? nil : "GRANT pg_monitor to Relevo's role"))
        }
        let bloated = health.tables.filter { $0.dead > 10_000 && $0.dead > 5 * $0.live }
        let list = bloated.map { "\($0.name) \($0.dead) dead, \($0.live) live" }.joined(separator: "; ")
        found.append(
            Finding(
                check: "dead rows", verdict: bloated.isEmpty ? .ok : .warning,
                detail: bloated.isEmpty ? "\(health.tables.map(\.dead).reduce(0, +)) in the tables that change most" : list,
                remedy: bloated.isEmpty ? nil : "end who holds the oldest snapshot; else look whether autovacuum keeps up"))
        if health.notifyQueueUsage > 0.1 {
            found.append(
                Finding(
                    check: "notification queue", verdict: .warning,
                    detail: "\(Int(health.notifyQueueUsage * 100)) % full; when it is full, commits that notify fail",
                    remedy: "find the session that listens and does not read: it is idle in a transaction"))
        }
        return found
    }

    private static func remedy(against holder: PostgresHealth.Holder) -> String {
        switch holder.kind {
        case "prepared transaction": "COMMIT PREPARED or ROLLBACK PREPARED '\(holder.name)'"
        case "replication slot": "start its reader, or SELECT pg_drop_replication_slot('\(holder.name)')"
        case "standby": "hot_standby_feedback = off on the standby, or end the long read there"
        default: "end its transaction: SELECT pg_terminate_backend(\(holder.pid))"
        }
    }

    private static func withClient<T: Sendable>(
        _ configuration: PostgresConfiguration, _ logger: Logger, _ body: @Sendable (PostgresClient) async throws -> T
    ) async throws -> T {
        let client = PostgresClient(configuration: configuration, logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            defer { group.cancelAll() }
            return try await body(client)
        }
    }
}
