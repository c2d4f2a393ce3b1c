import Foundation
import Postgres

/// What a PostgreSQL server says of itself, as far as Relevo's promises depend on it.
struct ServerFacts: Sendable, Equatable {
    struct Slot: Sendable, Equatable {
        var name: String
        var isActive: Bool
        /// Bytes of write-ahead log it keeps from being removed.
        var retained: Int
        /// Whether it keeps dead rows too.
        var holdsRows: Bool
    }

    /// By name, in the units of `pg_settings`; a setting that this version does not have is absent.
    var settings: [String: String] = [:]
    /// As `server_version_num`.
    var version = 150_000
    var slots: [Slot] = []
    /// Application names of the standbys that stream from this server.
    var standbys: [String] = []
    /// Connections open now, of anybody.
    var connections = 0

    private static let names = [
        "fsync", "synchronous_commit", "full_page_writes", "autovacuum", "track_counts", "max_connections",
        "superuser_reserved_connections",
        "idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout", "old_snapshot_threshold", "jit", "wal_level",
        "synchronous_standby_names", "max_slot_wal_keep_size", "default_transaction_isolation", "default_transaction_read_only",
        "zero_damaged_pages",
    ]

    static func read(on db: some PostgresExecutor) async throws -> ServerFacts {
        var facts = ServerFacts()
        let rows = try await db.query("SELECT name, setting FROM pg_settings WHERE name = ANY (\(names))")
        for (name, value) in try rows.decode((String, String).self) { facts.settings[name] = value }
        let numbers = try await db.query(
            """
            SELECT current_setting('server_version_num')::int,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
            """
        ).decodeFirst((Int, Int).self)
        (facts.version, facts.connections) = numbers ?? (facts.version, 0)
        facts.slots = try await db.query(
            """
            SELECT slot_name::text, active, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
                   xmin IS NOT NULL OR catalog_xmin IS NOT NULL
              FROM pg_replication_slots ORDER BY 1
            """
        ).decode((String, Bool, Int, Bool).self).map { Slot(name: $0.0, isActive: $0.1, retained: $0.2, holdsRows: $0.3) }
        facts.standbys = try await db.query("SELECT application_name FROM pg_stat_replication ORDER BY 1").decode(String.self)
        return facts
    }
}
