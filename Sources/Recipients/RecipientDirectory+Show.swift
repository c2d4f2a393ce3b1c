import Foundation
public import Postgres

extension RecipientDirectory {
    /// Everything that is known of a recipient, one record a sender, with its newest 50 events.
    /// - Parameter senders: the senders whose records may be seen; nil for all.
    public static func show(_ address: String, senders: [String]? = nil, on db: some PostgresExecutor) async throws -> [RecipientRecord] {
        let address = try Address.checked(address)
        return try await read(
            contacts(
                db.query(
                    """
                    SELECT c.id, c.phone_number_id, c.wa_id, c.user_id, c.trust, c.cause, c.changed_at, c.verified_at, c.learning,
                        c.hash, c.hash_at, c.hash_source,
                        ARRAY(SELECT a.number FROM recipients.alias a WHERE a.contact_id = c.id ORDER BY a.number)
                    FROM recipients.contact c
                    WHERE c.id IN (SELECT recipients.matching(\(senders), \(address.text), \(address.waIDs))) ORDER BY c.id
                    """)),
            details: true, on: db)
    }

    /// Recipients nothing goes to until a person has verified them, oldest record first, without their history.
    /// - Parameters:
    ///   - senders: the senders whose recipients may be seen; nil for all.
    ///   - cursor: the `id` of the last record already seen.
    public static func changed(
        senders: [String]? = nil, after cursor: Int64 = 0, limit: Int = 100, on db: some PostgresExecutor
    ) async throws -> [RecipientRecord] {
        try await read(
            contacts(
                db.query(
                    """
                    SELECT c.id, c.phone_number_id, c.wa_id, c.user_id, c.trust, c.cause, c.changed_at, c.verified_at, c.learning,
                        c.hash, c.hash_at, c.hash_source,
                        ARRAY(SELECT a.number FROM recipients.alias a WHERE a.contact_id = c.id ORDER BY a.number)
                    FROM recipients.contact c
                    WHERE c.trust = 'changed' AND c.id > \(cursor)
                        AND (\(senders == nil) OR c.phone_number_id = ANY (\(senders ?? [])))
                    ORDER BY c.id LIMIT \(min(max(limit, 1), 1000))
                    """)),
            details: false, on: db)
    }

    private static func contacts(_ rows: PostgresRows) throws -> [RecipientRecord] {
        try rows.decode(
            (Int64, String, String?, String?, String, String?, Date?, Date?, Bool, String?, Date?, String?, [String]).self
        ).map { row in
            RecipientRecord(
                id: row.0, phoneNumberID: row.1, waID: row.2, userID: row.3, numbers: row.12, trust: Trust(rawValue: row.4) ?? .changed,
                cause: row.5.map(TrustCause.init), changedAt: row.6, verifiedAt: row.7, isLearning: row.8, hash: row.9, hashAt: row.10,
                hashSource: row.11, optOuts: [], verifications: [], events: [])
        }
    }

    private static func read(
        _ contacts: [RecipientRecord], details: Bool, on db: some PostgresExecutor
    ) async throws -> [RecipientRecord] {
        guard !contacts.isEmpty else { return [] }
        let ids = contacts.map(\.id)
        var records = Dictionary(contacts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let wishes = try await db.query(
            """
            SELECT contact_id, scope, active, source, changed_at FROM recipients.opt_out WHERE contact_id = ANY (\(ids))
            ORDER BY contact_id, scope
            """
        ).decode((Int64, String, Bool, String, Date).self)
        for (id, scope, active, source, at) in wishes {
            records[id]?.optOuts.append(.init(scope: OptOutScope(rawValue: scope) ?? .all, active: active, source: source, changedAt: at))
        }
        guard details else { return ids.compactMap { records[$0] } }
        let vouchers = try await db.query(
            """
            SELECT contact_id, verified_by, how, cause, previous_hash, verified_at FROM recipients.verification
            WHERE contact_id = ANY (\(ids)) ORDER BY id
            """
        ).decode((Int64, String, String, String?, String?, Date).self)
        for (id, by, how, cause, hash, at) in vouchers {
            records[id]?.verifications.append(.init(by: by, how: how, cause: cause.map(TrustCause.init), previousHash: hash, at: at))
        }
        let events = try await db.query(
            """
            SELECT e.contact_id, e.kind, e.hash, e.detail, e.occurred_at FROM unnest(\(ids)) AS c (id)
            CROSS JOIN LATERAL (
                SELECT * FROM (
                    (SELECT contact_id, kind, hash, detail, occurred_at, id FROM recipients.event
                     WHERE contact_id = c.id ORDER BY id DESC LIMIT 50)
                    UNION ALL
                    (SELECT contact_id, 'alias', NULL, number, learned_at, NULL FROM recipients.alias
                     WHERE contact_id = c.id ORDER BY learned_at DESC LIMIT 50)) AS both_kinds
                ORDER BY occurred_at DESC, id DESC NULLS LAST LIMIT 50) AS e
            ORDER BY e.occurred_at DESC, e.id DESC NULLS LAST
            """
        ).decode((Int64, String, String?, String?, Date).self)
        for (id, kind, hash, detail, at) in events {
            records[id]?.events.append(.init(kind: kind, hash: hash, detail: detail, at: at))
        }
        return ids.compactMap { records[$0] }
    }
}
