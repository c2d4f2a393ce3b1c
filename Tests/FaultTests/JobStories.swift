import Postgres

/// Where jobs are and what became of their attempts, from the engine's own tables.
enum JobStories {
    struct Story: CustomStringConvertible {
        var kind: String
        /// As the receiver knows it.
        var name: String
        /// Rows in `ready`, `later` and `attempt`.
        var live: Int
        /// Outcomes that end a job.
        var ends: Int
        /// Attempts that were performed, or may have been.
        var performed: Int
        /// Result of the last attempt.
        var end: String
        /// All results in order; small letters came late.
        var results: String
        var description: String { "\(name) [\(results)]" }
    }

    /// One snapshot of all jobs.
    static func read(_ client: PostgresClient) async throws -> [Story] {
        try await client.query(
            """
            SELECT j.kind, j.kind || ':' || encode(j.payload, 'escape'),
                (SELECT count(*) FROM jobs.ready r WHERE r.job_id = j.id) + (SELECT count(*) FROM jobs.later l WHERE l.job_id = j.id)
                    + (SELECT count(*) FROM jobs.attempt a WHERE a.job_id = j.id),
                count(*) FILTER (WHERE NOT o.late AND o.result IN ('S', 'X', 'U', 'C')),
                count(*) FILTER (WHERE NOT o.late AND o.result IN ('S', 'X', 'U', 'R')),
                coalesce((array_agg(o.result::text ORDER BY o.attempt_id DESC) FILTER (WHERE NOT o.late))[1], ''),
                coalesce(string_agg(CASE WHEN o.late THEN lower(o.result::text) ELSE o.result::text END, '' ORDER BY o.attempt_id, o.late), '')
            FROM jobs.job j LEFT JOIN jobs.outcome o ON o.job_id = j.id GROUP BY j.id, j.kind, j.payload
            """
        ).decode((String, String, Int, Int, Int, String, String).self).map {
            Story(kind: $0.0, name: $0.1, live: $0.2, ends: $0.3, performed: $0.4, end: $0.5, results: $0.6)
        }
    }

    /// Attempts whose outcome and whose settlement are not one of each, with the same result; late ones are settled for at most once only.
    static func unsettled(_ client: PostgresClient) async throws -> [Int64] {
        try await client.query(
            """
            SELECT coalesce(o.attempt_id, s.attempt_id) FROM
                (SELECT o.attempt_id, o.late, o.result::text FROM jobs.outcome o JOIN jobs.job j ON j.id = o.job_id
                  WHERE j.kind IN ('once', 'again') AND o.result IN ('S', 'X', 'U', 'R') AND NOT (o.late AND j.kind = 'again')) o
                FULL JOIN (SELECT attempt_id, late, result, count(*) AS n FROM fault.settlement GROUP BY 1, 2, 3) s
                ON s.attempt_id = o.attempt_id AND s.late = o.late AND s.result = o.result
            WHERE o.attempt_id IS NULL OR s.attempt_id IS NULL OR s.n <> 1
            """
        ).decode(Int64.self)
    }
}
