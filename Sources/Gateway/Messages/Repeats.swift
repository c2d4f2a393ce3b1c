import Foundation
import Postgres

/// Idempotency: the same key and body give the same message; another body is refused.
struct Repeats {
    struct Key: Hashable, Comparable {
        var scope: String
        var key: String
        static func < (left: Self, right: Self) -> Bool { (left.scope, left.key) < (right.scope, right.key) }
    }

    /// Answers what came before, and takes it out of `candidates`.
    func answer(
        _ candidates: inout [Int: Intake.Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>], on db: PostgresConnection
    ) async throws {
        let keys = Set(candidates.values.compactMap(key)).sorted()
        guard !keys.isEmpty else { return }
        let found = try await stored(keys, on: db)
        try await settle(&candidates, &results, found: found, on: db)
    }

    /// Takes the keys of what is about to be stored.
    /// - Returns: repeats within the batch, by the place of the first.
    func claim(
        _ candidates: inout [Int: Intake.Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>], period: Duration,
        on db: PostgresConnection
    ) async throws -> [Int: Int] {
        var firsts: [Key: Int] = [:]
        var repeated: [Int: Int] = [:]
        for place in candidates.keys.sorted() {
            guard let candidate = candidates[place], let key = key(candidate) else { continue }
            guard let first = firsts[key] else {
                firsts[key] = place
                continue
            }
            if candidates[first]?.bodyHash == candidate.bodyHash {
                repeated[place] = first
            } else {
                results[place] = .failure(Self.conflict(key))
            }
            candidates[place] = nil
        }
        guard !firsts.isEmpty else { return [:] }
        // One order for everybody: two batches with the same keys do not wait for each other in a circle.
        let keys = firsts.keys.sorted()
        let rows = keys.compactMap { firsts[$0].flatMap { candidates[$0] } }
        let taken = try await db.query(
            """
            INSERT INTO gateway.idempotency AS i (scope, key, body_hash, message_id, expires_at)
            SELECT n.scope, n.key, n.hash, n.id, clock_timestamp() + make_interval(secs => \(period / .seconds(1)))
            FROM unnest(\(keys.map(\.scope)), \(keys.map(\.key)), \(rows.map(\.bodyHash)), \(rows.map(\.id))) AS n (scope, key, hash, id)
            ON CONFLICT (scope, key) DO UPDATE SET body_hash = EXCLUDED.body_hash, message_id = EXCLUDED.message_id,
                expires_at = EXCLUDED.expires_at
            WHERE i.expires_at <= clock_timestamp()
            RETURNING scope, key
            """
        ).decode((String, String).self).map { Key(scope: $0.0, key: $0.1) }
        let lost = Set(keys).subtracting(taken).sorted()
        if !lost.isEmpty {
            // Somebody was faster between the look and the claim.
            let found = try await stored(lost, on: db)
            try await settle(&candidates, &results, found: found, on: db)
        }
        return repeated.filter { results[$0.key] == nil }
    }

    private func key(_ candidate: Intake.Candidate) -> Key? {
        candidate.submission.idempotencyKey.map { Key(scope: candidate.submission.idempotencyScope, key: $0) }
    }

    private func stored(_ keys: [Key], on db: PostgresConnection) async throws -> [Key: (hash: Data, message: UUID)] {
        let rows = try await db.query(
            """
            SELECT i.scope, i.key, i.body_hash, i.message_id
            FROM unnest(\(keys.map(\.scope)), \(keys.map(\.key))) AS n (scope, key)
            JOIN gateway.idempotency i ON i.scope = n.scope AND i.key = n.key WHERE i.expires_at > clock_timestamp()
            """
        ).decode((String, String, Data, UUID).self)
        return Dictionary(rows.map { (Key(scope: $0.0, key: $0.1), ($0.2, $0.3)) }, uniquingKeysWith: { first, _ in first })
    }

    private func settle(
        _ candidates: inout [Int: Intake.Candidate], _ results: inout [Int: Result<Receipt, GatewayRefusal>],
        found: [Key: (hash: Data, message: UUID)], on db: PostgresConnection
    ) async throws {
        guard !found.isEmpty else { return }
        let records = try await MessageReader.receipts(found.values.map(\.message), on: db)
        // Whoever hands it in again and does not wait now is told later, though they may have waited the first time.
        let early = candidates.values.compactMap { candidate -> UUID? in
            guard candidate.submission.isAnsweredEarly, let earlier = key(candidate).flatMap({ found[$0] }) else { return nil }
            return earlier.hash == candidate.bodyHash ? earlier.message : nil
        }
        try await EarlyAnswers.mark(early, on: db)
        for (place, candidate) in candidates {
            guard let key = key(candidate), let earlier = found[key] else { continue }
            if earlier.hash != candidate.bodyHash {
                results[place] = .failure(Self.conflict(key))
            } else if let receipt = records[earlier.message] {
                results[place] = .success(receipt)
            } else {
                // Its message is gone, and nobody can say what became of it: never sent once more for that.
                results[place] = .failure(
                    GatewayRefusal(
                        code: 100, name: "conflict", httpStatus: 409, title: "Invalid parameter",
                        details: "The message that the idempotency key \(key.key.quoted) was used for is no longer kept."))
            }
            candidates[place] = nil
        }
    }

    private static func conflict(_ key: Key) -> GatewayRefusal {
        GatewayRefusal(
            code: 100, name: "conflict", httpStatus: 409, title: "Invalid parameter",
            details: "The idempotency key \(key.key.quoted) was used for another message within 24 hours.")
    }
}
