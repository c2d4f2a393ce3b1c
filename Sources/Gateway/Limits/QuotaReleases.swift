import Foundation
import Postgres

/// Lets held messages go as their quota gets room: in their order, each with its place reserved, so that no other one takes it.
struct QuotaReleases {
    let core: GatewayCore
    private static let batch = 500

    /// One look at every quota that messages are held for, so many messages at most; returns how many go.
    func round() async throws -> Int {
        // One step of the index a key: there may be many messages behind each.
        let keys = try await core.client.query(
            """
            WITH RECURSIVE k (key) AS (
                (SELECT held_for FROM gateway.message WHERE waits_for = 'quota' ORDER BY held_for LIMIT 1)
                UNION ALL
                SELECT (SELECT m.held_for FROM gateway.message m WHERE m.waits_for = 'quota' AND m.held_for > k.key ORDER BY m.held_for LIMIT 1)
                FROM k WHERE k.key IS NOT NULL)
            SELECT key FROM k WHERE key IS NOT NULL LIMIT 1000
            """
        ).decode(String.self)
        var released = 0
        for key in keys { released += try await core.client.withTransaction { try await release(key, on: $0) } }
        return released
    }

    private func release(_ key: String, on db: PostgresConnection) async throws -> Int {
        let standing = try await db.query("SELECT per_day, shadow, used FROM gateway.open_quotas(\([key]))").decodeFirst(
            (Int?, Bool, Int).self)
        var free = Self.batch
        if let (perDay, isInShadow, used) = standing, let perDay, !isInShadow { free = max(0, perDay - used) }
        let isPortfolio = key.hasPrefix(Quotas.portfolioPrefix)
        // Those of numbers that send. A place is for a recipient: all that is held for one goes with it, and what is for a counted one needs none.
        let found = try await db.query(
            """
            WITH w AS MATERIALIZED (
                SELECT m.id, CASE WHEN \(isPortfolio) THEN m.address ELSE m.id::text END AS item, row_number() OVER (ORDER BY m.priority, m.seq) AS n
                FROM gateway.message m JOIN gateway.sender s ON s.phone_number_id = m.sender
                WHERE m.waits_for = 'quota' AND m.held_for = \(key) AND (s.state = 'active' OR s.moved_to IS NOT NULL)
                ORDER BY m.priority, m.seq LIMIT \(Self.batch * 4)),
            c AS (
                SELECT w.*, min(w.n) OVER (PARTITION BY w.item) AS first,
                    EXISTS (SELECT FROM gateway.quota_use u WHERE u.key = \(key) AND u.item = w.item) AS counted
                FROM w),
            r AS (SELECT c.*, dense_rank() OVER (PARTITION BY c.counted ORDER BY c.first) AS place FROM c)
            SELECT id, item, (SELECT count(*) FROM w) FROM r WHERE counted OR place <= \(free) ORDER BY n LIMIT \(Self.batch)
            """
        ).decode((UUID, String, Int).self)
        let rows = try await MessageStore.lock(found.map(\.0), on: db).filter { $0.value.state == .held }
        let going = try await Releases(core: core).again(Array(rows.values), kind: "released", detail: "\(key) has room again", on: db)
        if standing != nil {
            let items = Dictionary(found.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first })
            try await Quotas.take(
                going.compactMap { id in
                    guard let item = items[id], let row = rows[id] else { return nil }
                    return (QuotaItem(key: key, item: item), message: id, attempt: row.attempts + 1)
                }, on: db)
            try await db.query(
                """
                UPDATE gateway.message SET quotas = CASE WHEN \(key) = ANY (quotas) THEN quotas ELSE array_append(quotas, \(key)) END
                WHERE id = ANY (\(going))
                """)
            let left = try await !db.query(
                """
                SELECT FROM gateway.message m JOIN gateway.sender s ON s.phone_number_id = m.sender
                WHERE m.waits_for = 'quota' AND m.held_for = \(key) AND (s.state = 'active' OR s.moved_to IS NOT NULL) LIMIT 1
                """
            ).isEmpty
            try await db.query("UPDATE gateway.quota SET waiting = \(left) WHERE key = \(key) AND waiting <> \(left)")
        }
        return going.count
    }
}
