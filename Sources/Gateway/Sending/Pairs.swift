import Foundation
import Postgres

/// The pair rule: one message in an interval between one number and one recipient, and a burst that borrows from the time after it.
enum Pairs {
    /// How long a pair rests after its n-th refusal in a row: 4^n seconds, as Meta asks, at most 256.
    static func rest(afterFailures failures: Int) -> Duration { .seconds(1 << (2 * min(max(failures, 0), 4))) }

    /// Notes that Meta refused (131056), that it took a message again, or that a place was taken and nothing was sent.
    static func settle(
        refused: [(sender: String, address: String)], taken: [(sender: String, address: String)],
        unused: [(sender: String, address: String)], on db: PostgresConnection
    ) async throws {
        // One order for everybody.
        for pair in unused.sorted(by: { ($0.sender, $0.address) < ($1.sender, $1.address) }) {
            try await db.query(
                """
                UPDATE gateway.pair SET in_burst = greatest(in_burst - 1, 0),
                    free_at = CASE WHEN in_burst <= 1 THEN clock_timestamp() ELSE free_at END
                WHERE sender = \(pair.sender) AND address = \(pair.address)
                """)
        }
        for pair in refused.sorted(by: { ($0.sender, $0.address) < ($1.sender, $1.address) }) {
            try await db.query(
                """
                INSERT INTO gateway.pair AS p (sender, address, burst_at, in_burst, free_at, failures)
                VALUES (\(pair.sender), \(pair.address), clock_timestamp(), 1, clock_timestamp() + interval '1 second', 1)
                ON CONFLICT (sender, address) DO UPDATE SET failures = least(p.failures + 1, 10),
                    free_at = greatest(p.free_at, clock_timestamp() + make_interval(secs => 4.0 ^ least(p.failures, 4)))
                """)
        }
        for pair in taken.sorted(by: { ($0.sender, $0.address) < ($1.sender, $1.address) }) {
            try await db.query("UPDATE gateway.pair SET failures = 0 WHERE sender = \(pair.sender) AND address = \(pair.address)")
        }
    }
}

/// Drops pairs that are at rest: at full load thousands a second come, and all of them must go.
struct RestingPairs {
    /// Those that were free before it have been dropped.
    private var since = Date.distantPast
    private var everything = ContinuousClock.now

    /// Most rows of one statement, and statements of one round.
    private static let (batch, batches) = (5000, 8)

    /// Drops those that have come to rest since; every ten minutes also what was left behind then: what was locked, or refused.
    mutating func drop(_ client: PostgresClient) async throws {
        if everything <= .now {
            since = .distantPast
            everything = .now + .seconds(600)
        }
        for _ in 0..<Self.batches {
            let row = try await client.query("SELECT dropped, through FROM gateway.tidy_pairs(\(Self.batch)::int, \(since))")
                .decodeFirst((Int, Date).self)
            guard let (dropped, through) = row else { return }
            since = through
            if dropped < Self.batch { return }
        }
    }
}
