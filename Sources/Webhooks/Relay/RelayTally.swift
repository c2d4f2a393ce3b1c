import Postgres

/// What became of POSTs to one system in one transaction.
///
/// Only added: the relay's own row would be a place where the transactions of all workers wait for one another.
struct RelayTally {
    var relay: Int64
    var delivered = 0
    var givenUp = 0
    var dropped = 0
    var failure: String?

    init(_ relay: Int64) { self.relay = relay }

    static func add(_ tallies: [RelayTally], on db: PostgresConnection) async throws {
        guard !tallies.isEmpty else { return }
        let failures = tallies.map { tally in tally.failure.map { storable($0, limit: 300) } }
        try await db.query(
            """
            INSERT INTO webhooks.relay_tally (relay_id, delivered, given_up, dropped, failure)
            SELECT n.relay, n.delivered, n.given_up, n.dropped, n.failure
            FROM unnest(\(tallies.map(\.relay)), \(tallies.map(\.delivered)), \(tallies.map(\.givenUp)), \(tallies.map(\.dropped)),
                \(failures)) AS n (relay, delivered, given_up, dropped, failure)
            """)
    }

    /// Columns of a `SELECT … GROUP BY relay_id` over tallies.
    static let sums = """
        relay_id, sum(delivered)::bigint AS delivered, sum(given_up)::bigint AS given_up, sum(dropped)::bigint AS dropped,
        max(at) FILTER (WHERE delivered > 0) AS delivered_at, max(at) FILTER (WHERE failure IS NOT NULL) AS failed_at,
        (array_agg(failure ORDER BY at DESC, id DESC) FILTER (WHERE failure IS NOT NULL))[1] AS failure
        """
}

extension Relays {
    /// Counts tallies into their relays; several processes may do it at once. Returns how many.
    ///
    /// Whoever reads relay and tallies in one statement sees each of them once, since they move in one. The relays are locked in the
    /// order of their ids: two processes with the same ones would else wait for each other.
    /// - Parameter batch: tallies in one statement.
    @discardableResult
    func fold(batch: Int = 10_000) async throws -> Int {
        var folded = 0
        while true {
            let count =
                try await client.query(
                    """
                    WITH gone AS (
                        DELETE FROM webhooks.relay_tally WHERE id = ANY (ARRAY(
                            SELECT id FROM webhooks.relay_tally ORDER BY id LIMIT \(batch) FOR UPDATE SKIP LOCKED))
                        RETURNING *),
                    sums AS MATERIALIZED (SELECT \(unescaped: RelayTally.sums) FROM gone GROUP BY relay_id),
                    held AS MATERIALIZED (
                        SELECT r.id FROM webhooks.relay r WHERE r.id = ANY (ARRAY(SELECT relay_id FROM sums)) ORDER BY r.id
                            FOR NO KEY UPDATE),
                    counted AS (
                        UPDATE webhooks.relay r SET
                            delivered = r.delivered + s.delivered, given_up = r.given_up + s.given_up, dropped = r.dropped + s.dropped,
                            delivered_at = greatest(r.delivered_at, s.delivered_at),
                            -- Tallies may be counted in another order than they came in.
                            failure = CASE WHEN s.failed_at >= coalesce(r.failed_at, '-infinity') THEN s.failure ELSE r.failure END,
                            failed_at = greatest(r.failed_at, s.failed_at)
                        FROM sums s JOIN held h ON h.id = s.relay_id WHERE r.id = s.relay_id)
                    SELECT count(*) FROM gone
                    """
                ).decodeFirst(Int.self) ?? 0
            folded += count
            if count < batch { return folded }
        }
    }
}
