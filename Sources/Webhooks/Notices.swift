import CloudAPI
import Crypto
public import Foundation
import Postgres

/// A change no owner works on, as it is kept.
struct Notice {
    var place: WebhookUpdates.Place
    /// Nil: when the POST came.
    var occurredAt: Date?

    var event: String? { (place.raw["event"] ?? place.raw["alert_type"] ?? place.raw["decision"])?.text.map { storable($0) } }

    /// The WABA whose waiting numbers look again: its account, or one of its numbers, has changed. For `PARTNER_…` events the entry is a
    /// portfolio and the WABA stands inside.
    var wakes: String? {
        guard ["account_update", "phone_number_quality_update", "phone_number_name_update"].contains(place.field) else { return nil }
        return storable(place.raw["waba_info"]?["waba_id"]?.text ?? place.waba)
    }

    /// The WABA or portfolio whose numbers' limits may have changed.
    var limits: String? {
        guard ["account_update", "phone_number_quality_update", "business_capability_update"].contains(place.field) else { return nil }
        return storable(place.raw["waba_info"]?["waba_id"]?.text ?? place.waba)
    }

    var digest: Data {
        var hash = SHA256()
        for part in [place.waba, place.field, occurredAt.map { "\($0.timeIntervalSince1970)" } ?? ""] {
            hash.update(data: Data("\(part)\n".utf8))
        }
        hash.update(data: place.raw.canonical())
        return Data(hash.finalize())
    }
}

/// A stored change of a field no owner works on.
public struct WebhookNotice: Sendable, Encodable {
    public var id: Int64
    public var waba: String
    public var field: String
    /// `PARTNER_ADDED`, `FLAGGED`, …, where it has one.
    public var event: String?
    /// JSON text; U+0000 is replaced.
    public var value: String
    public var occurredAt: Date

    private enum CodingKeys: String, CodingKey { case id, waba = "waba_id", field, event, value, occurredAt = "occurred_at" }
}

enum Notices {
    /// One update of 20,000 may be a megabyte: what is kept to be read is cut; the post holds the bytes.
    static let longest = 64 << 10

    static func store(_ notices: [Notice], on db: PostgresConnection) async throws {
        guard !notices.isEmpty else { return }
        try await db.query(
            """
            INSERT INTO webhooks.notice (post_id, waba_id, field, event, value, digest, occurred_at)
            SELECT n.post, n.waba, n.field, n.event, n.value, n.digest, n.at
            FROM unnest(\(notices.map(\.place.post)), \(notices.map(\.place.waba)), \(notices.map(\.place.field)), \(notices.map(\.event)),
                \(notices.map { String($0.place.raw.storableText().prefix(longest)) }), \(notices.map(\.digest)),
                \(notices.map { $0.occurredAt ?? $0.place.receivedAt })) AS n (post, waba, field, event, value, digest, at)
            ON CONFLICT DO NOTHING
            """)
    }
}

enum Problems {
    static func store(_ problems: [UpdateProblem], on db: PostgresConnection) async throws {
        guard !problems.isEmpty else { return }
        try await db.query(
            """
            INSERT INTO webhooks.problem (post_id, place, waba_id, field, update, error)
            SELECT n.post, n.place, n.waba, n.field, n.raw, n.error
            FROM unnest(\(problems.map(\.place.post)), \(problems.map(\.place.path)), \(problems.map(\.place.waba)), \(problems.map(\.place.field)),
                \(problems.map { String($0.place.raw.storableText().prefix(Notices.longest)) }), \(problems.map(\.error)))
                AS n (post, place, waba, field, raw, error)
            ON CONFLICT (post_id, place) DO UPDATE SET error = EXCLUDED.error, at = clock_timestamp(), resolved_at = NULL, resolved_by = NULL
            """)
    }
}
