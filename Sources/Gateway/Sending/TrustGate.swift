import Postgres
import Recipients

/// Keeps holding back and releasing from missing each other: a message that is held for what was true a moment ago, in a transaction that
/// has not committed, would be seen by no release and wait for ever.
enum TrustGate {
    /// What is known of recipients. Where one is not trusted, it stays so until the transaction ends, as far as releases go.
    static func lookup(_ keys: [RecipientKey], on db: PostgresConnection) async throws -> [RecipientKey: RecipientState] {
        guard let lookup = RecipientLookup(keys) else { return [:] }
        return try await certain(lookup, try lookup.states(try await db.query(lookup.query)), on: db)
    }

    /// The same for a lookup that has been made in this transaction.
    static func certain(
        _ lookup: RecipientLookup, _ states: [RecipientKey: RecipientState], on db: PostgresConnection
    ) async throws -> [RecipientKey: RecipientState] {
        guard states.values.contains(where: { $0.trust == .changed }) else { return states }
        try await db.query("SELECT pg_advisory_xact_lock_shared(hashtextextended('gateway.trust', 0))")
        return try lookup.states(try await db.query(lookup.query))
    }

    /// Waits for those who are just holding messages back; those who come later see what this transaction has changed.
    static func release(on db: PostgresConnection) async throws {
        try await db.query("SELECT pg_advisory_xact_lock(hashtextextended('gateway.trust', 0))")
    }
}
