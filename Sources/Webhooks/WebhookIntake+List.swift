public import Foundation
import Jobs
import Postgres

/// A POST that a person should look at.
public struct ProblemPost: Sendable, Encodable {
    public struct Update: Sendable, Encodable {
        /// Place of the update in the POST: `0.0.statuses.3`.
        public var place: String
        public var waba: String
        public var field: String
        /// JSON text; U+0000 is replaced.
        public var update: String
        public var error: String

        private enum CodingKeys: String, CodingKey { case place, waba = "waba_id", field, update, error }
    }

    public var id: Int64
    /// Real time.
    public var receivedAt: Date
    public var bytes: Int
    public var repeats: Int
    /// `not_a_webhook`, `updates` (some were not taken), `gave_up`.
    public var problem: String
    public var detail: String
    public var updates: [Update]

    private enum CodingKeys: String, CodingKey { case id, receivedAt = "received_at", bytes, repeats, problem, detail, updates }
}

/// Counts over all processes, for metrics.
public struct IntakeCounts: Sendable, Equatable, Encodable {
    /// Not routed yet.
    public var pending: Int
    /// Age of the oldest of them in seconds; 0 when there is none.
    public var oldestPending: Double
    /// Waiting for a person.
    public var problems: Int

    private enum CodingKeys: String, CodingKey { case pending, oldestPending = "oldest_pending_seconds", problems }
}

extension WebhookIntake {
    /// POSTs with a problem, the newest first; at most 50 of each one's updates.
    public func problems(before cursor: Int64? = nil, limit: Int = 50) async throws -> [ProblemPost] {
        let posts = try await client.query(
            """
            SELECT id, received_at, octet_length(body), coalesce((SELECT sum(count) FROM webhooks.repeat r WHERE r.post_id = p.id), 0)::bigint,
                coalesce(problem, ''), coalesce(detail, '') FROM webhooks.post p
            WHERE state = 'problem' AND id < \(cursor ?? .max) ORDER BY id DESC LIMIT \(max(1, min(limit, 200)))
            """
        ).decode((Int64, Date, Int, Int, String, String).self)
        var updates: [Int64: [ProblemPost.Update]] = [:]
        let rows = try await client.query(
            """
            SELECT p.post_id, p.place, p.waba_id, p.field, p.update, p.error FROM unnest(\(posts.map(\.0))) AS n (id)
            CROSS JOIN LATERAL (SELECT * FROM webhooks.problem WHERE post_id = n.id AND resolved_at IS NULL ORDER BY id LIMIT 50) AS p
            ORDER BY p.id
            """
        ).decode((Int64, String, String, String, String, String).self)
        for (post, place, waba, field, update, error) in rows {
            updates[post, default: []].append(ProblemPost.Update(place: place, waba: waba, field: field, update: update, error: error))
        }
        return posts.map {
            ProblemPost(id: $0.0, receivedAt: $0.1, bytes: $0.2, repeats: $0.3, problem: $0.4, detail: $0.5, updates: updates[$0.0] ?? [])
        }
    }

    /// The raw bytes of a POST; nil when it is not stored (any more).
    public func body(of post: Int64) async throws -> Data? {
        try await client.query("SELECT body FROM webhooks.post WHERE id = \(post)").decodeFirst(Data.self)
    }

    /// Works on a POST again, after whatever was wrong with it, or with us, has been put right: what was applied is applied again without
    /// effect. False when the POST has no problem.
    public func retry(_ post: Int64, by: String) async throws -> Bool {
        let lane = try await WebhookKind.lane(settings.parallel, on: client)
        return try await client.withTransaction { db in
            let changed = try await db.query(
                "UPDATE webhooks.post SET state = 'pending', problem = NULL, detail = NULL WHERE id = \(post) AND state = 'problem'"
            ).affectedRows
            guard changed > 0 else { return false }
            try await resolve([post], by: by, on: db)
            _ = try await JobQueue.enqueue([WebhookKind.job(post: post, lane: lane)], on: db)
            return true
        }
    }

    /// A person has looked at a POST and nothing is left to do. False when it has no problem.
    public func dismiss(_ post: Int64, by: String) async throws -> Bool {
        try await client.withTransaction { db in
            let changed = try await db.query("UPDATE webhooks.post SET state = 'done' WHERE id = \(post) AND state = 'problem'")
                .affectedRows
            guard changed > 0 else { return false }
            try await resolve([post], by: by, on: db)
            return true
        }
    }

    func resolve(_ posts: [Int64], by: String, on db: PostgresConnection) async throws {
        try await db.query(
            """
            UPDATE webhooks.problem SET resolved_at = clock_timestamp(), resolved_by = \(storable(by)) WHERE post_id = ANY (\(posts))
                AND resolved_at IS NULL
            """)
    }

    /// Changes of fields no owner works on, the newest first: account updates, alerts, security, and what Meta has added since.
    public func notices(field: String? = nil, before cursor: Int64? = nil, limit: Int = 100) async throws -> [WebhookNotice] {
        try await client.query(
            """
            SELECT id, waba_id, field, event, value, occurred_at FROM webhooks.notice
            WHERE (\(field)::text IS NULL OR field = \(field)) AND id < \(cursor ?? .max)
            ORDER BY id DESC LIMIT \(max(1, min(limit, 1_000)))
            """
        ).decode((Int64, String, String, String?, String, Date).self).map {
            WebhookNotice(id: $0, waba: $1, field: $2, event: $3, value: $4, occurredAt: $5)
        }
    }

    public func counts() async throws -> IntakeCounts {
        let row = try await client.query(
            """
            SELECT (SELECT count(*) FROM webhooks.post WHERE state = 'pending'),
                coalesce((SELECT extract(epoch FROM clock_timestamp() - min(received_at))::float8 FROM webhooks.post WHERE state = 'pending'), 0),
                (SELECT count(*) FROM webhooks.post WHERE state = 'problem')
            """
        ).decodeFirst((Int, Double, Int).self)
        return IntakeCounts(pending: row?.0 ?? 0, oldestPending: max(0, row?.1 ?? 0), problems: row?.2 ?? 0)
    }
}
