/// What a person asks about a server that has become slow: dead rows, who keeps them, how full the notification queue is.
public struct PostgresHealth: Sendable, Equatable {
    /// One table, as the statistics collector knows it.
    public struct Table: Sendable, Equatable {
        /// With its schema.
        public let name: String
        public let live, dead: Int
    }

    /// The oldest snapshot that keeps dead rows from being removed.
    public struct Holder: Sendable, Equatable {
        /// `session`, `prepared transaction`, `replication slot` or `standby`.
        public let kind: String
        /// The application's name, the transaction's, the slot's or the standby's.
        public let name: String
        /// 0 when no process is behind it.
        public let pid: Int
        /// Transactions begun on the server since.
        public let age: Int
        /// Seconds since its transaction began; 0 when the server does not know.
        public let seconds: Double

        /// In plain words.
        public var description: String {
            let process = pid == 0 ? "" : ", pid \(pid)"
            let since = seconds == 0 ? "" : ", open for \(Int(seconds)) s"
            return "\(kind) \(name.isEmpty ? "without a name" : name)\(process)\(since), \(age) transactions old"
        }
    }

    /// The tables asked for that exist, by name.
    public let tables: [Table]
    /// Nil when nothing but the asker holds a snapshot.
    public let holder: Holder?
    /// Share of the notification queue in use, from 0 to 1; full, NOTIFY fails at commit.
    public let notifyQueueUsage: Double
    /// Sessions of other roles whose snapshots this role may not see; `GRANT pg_monitor` shows them.
    public let hiddenSessions: Int

    /// Asks for tables named with their schema.
    public static func read(tables: [String], on db: some PostgresExecutor) async throws -> PostgresHealth {
        let dead = try await db.query(
            """
            SELECT relid::regclass::text, n_live_tup, n_dead_tup FROM pg_stat_user_tables
             WHERE relid = ANY (ARRAY(SELECT to_regclass(t) FROM unnest(\(tables)) t)) ORDER BY 1
            """
        ).decode((String, Int, Int).self).map { Table(name: $0.0, live: $0.1, dead: $0.2) }
        let numbers = try await db.query(
            """
            SELECT pg_notification_queue_usage(), (SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND backend_type = 'client backend' AND state IS NULL)
            """
        ).decodeFirst((Double, Int).self)
        // Snapshots of other databases keep nothing here; those of slots and standbys do.
        let holder = try await db.query(
            """
            SELECT kind, coalesce(name, ''), coalesce(pid, 0), age(horizon), coalesce(extract(epoch FROM clock_timestamp() - since), 0)::float8
              FROM (
                SELECT CASE backend_type WHEN 'walsender' THEN 'standby' ELSE 'session' END AS kind, application_name AS name, pid,
                       backend_xmin AS horizon, xact_start AS since
                  FROM pg_stat_activity
                 WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
                   AND (datname = current_database() OR backend_type = 'walsender')
                UNION ALL SELECT 'prepared transaction', gid, NULL, transaction, prepared FROM pg_prepared_xacts
                 WHERE database = current_database()
                UNION ALL SELECT 'replication slot', slot_name, active_pid, xmin, NULL FROM pg_replication_slots WHERE xmin IS NOT NULL) h
             ORDER BY age(horizon) DESC, since LIMIT 1
            """
        ).decodeFirst((String, String, Int, Int, Double).self)
        return PostgresHealth(
            tables: dead, holder: holder.map { Holder(kind: $0.0, name: $0.1, pid: $0.2, age: $0.3, seconds: $0.4) },
            notifyQueueUsage: numbers?.0 ?? 0, hiddenSessions: numbers?.1 ?? 0)
    }
}
