public import Foundation
public import Postgres

/// The stored proof of each copy.
public enum TemplateCopies {
    /// What is stored about a pair of WABAs.
    public struct State: Sendable {
        public var report: TemplateCopyReport
        /// Business time at which the pair was first found whole.
        public var verifiedAt: Date?
    }

    /// The last result for a pair; nil when it was never looked at.
    public static func state(source: String, destination: String, on db: some PostgresExecutor) async throws -> State? {
        try await list(source: source, destination: destination, on: db).first
    }

    /// The last results of every pair, or of those of one source or destination.
    public static func list(source: String? = nil, destination: String? = nil, on db: some PostgresExecutor) async throws -> [State] {
        try await db.query(
            """
            SELECT report, verified_at FROM templates.copy
            WHERE (\(source)::text IS NULL OR source_waba_id = \(source)) AND (\(destination)::text IS NULL OR dest_waba_id = \(destination))
            ORDER BY source_waba_id, dest_waba_id
            """
        ).decode((String, Date?).self).map { text, verified in
            State(report: try PostgresJSON(text: text).decode(TemplateCopyReport.self), verifiedAt: verified)
        }
    }

    /// Whether the last look at a pair found it whole.
    public static func verified(source: String, destination: String, on db: some PostgresExecutor) async throws -> Bool {
        try await db.query("SELECT verified FROM templates.copy WHERE source_waba_id = \(source) AND dest_waba_id = \(destination)")
            .decodeFirst(Bool.self) ?? false
    }

    /// Stores a diff as the pair's result, with the refusals known so far.
    static func record(source: String, destination: String, diff: TemplateDiff, on db: PostgresConnection) async throws
        -> TemplateCopyReport
    {
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        let refusals = try await db.query(
            "SELECT name, language, template_id, reason FROM templates.refusal WHERE source_waba_id = \(source) AND dest_waba_id = \(destination)"
        ).decode((String, String, String, String).self).map { name, language, id, reason in
            TemplateDiff.Note(key: TemplateKey(name: name, language: language), code: "refused", detail: reason)
        }
        let present = diff.same + diff.different.map(\.key) + diff.unusable.map(\.key) + diff.rejected.map(\.key)
        try await db.query(
            """
            UPDATE templates.copied c SET seen_at = \(now)
            FROM unnest(\(present.map(\.name)), \(present.map(\.language))) AS k (name, language)
            WHERE c.source_waba_id = \(source) AND c.dest_waba_id = \(destination) AND c.name = k.name AND c.language = k.language
                AND c.seen_at IS NULL
            """)
        let copied =
            try await db.query(
                """
                SELECT count(*) FROM templates.copied
                WHERE source_waba_id = \(source) AND dest_waba_id = \(destination) AND seen_at IS NOT NULL
                """
            ).decodeFirst(Int64.self) ?? 0
        // Whole seconds: the report is stored as JSON with RFC 3339 times.
        let checked = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let report = TemplateCopyReport(
            sourceWABA: source, destWABA: destination, diff: diff, refusals: refusals, copied: Int(copied), checkedAt: checked)
        try await db.query(
            """
            INSERT INTO templates.copy AS c (source_waba_id, dest_waba_id, verified, eligible, ineligible, same, copied, refused, missing,
                different, unusable, pending, extra, report, checked_at, verified_at)
            VALUES (\(source), \(destination), \(report.verified), \(diff.eligible), \(diff.ineligible.count), \(diff.same.count),
                \(report.copied), \(report.refused.count), \(report.unexplained.count), \(diff.different.count), \(diff.unusable.count),
                \(diff.pending.count), \(diff.extra.count), \(try PostgresJSON(encoding: report).text), \(now),
                CASE WHEN \(report.verified) THEN \(now)::timestamptz END)
            ON CONFLICT (source_waba_id, dest_waba_id) DO UPDATE SET verified = EXCLUDED.verified, eligible = EXCLUDED.eligible,
                ineligible = EXCLUDED.ineligible, same = EXCLUDED.same, copied = EXCLUDED.copied, refused = EXCLUDED.refused,
                missing = EXCLUDED.missing, different = EXCLUDED.different, unusable = EXCLUDED.unusable, pending = EXCLUDED.pending,
                extra = EXCLUDED.extra, report = EXCLUDED.report, checked_at = EXCLUDED.checked_at,
                verified_at = coalesce(c.verified_at, EXCLUDED.verified_at)
            """)
        return report
    }

    static func refuse(
        source: String, destination: String, _ failures: [(key: TemplateKey, id: String, reason: String)], on db: some PostgresExecutor
    ) async throws {
        if failures.isEmpty { return }
        try await db.query(
            """
            INSERT INTO templates.refusal AS r (source_waba_id, dest_waba_id, name, language, template_id, reason, refused_at)
            SELECT \(source), \(destination), f.name, f.language, f.id, f.reason, jobs.now()
            FROM unnest(\(failures.map(\.key.name)), \(failures.map(\.key.language)), \(failures.map(\.id)),
                \(failures.map { $0.reason.replacing("\u{0}", with: "\u{FFFD}") })) AS f (name, language, id, reason)
            ON CONFLICT (source_waba_id, dest_waba_id, name, language) DO UPDATE SET template_id = EXCLUDED.template_id,
                reason = EXCLUDED.reason, times = r.times + 1, refused_at = EXCLUDED.refused_at
            """)
    }

    /// Notes what is about to be asked for, before the call: what a copy brought in is then known whatever happens to the answer.
    static func ask(source: String, destination: String, _ keys: [TemplateKey], on db: some PostgresExecutor) async throws {
        try await db.query(
            """
            INSERT INTO templates.copied (source_waba_id, dest_waba_id, name, language, asked_at)
            SELECT \(source), \(destination), k.name, k.language, jobs.now()
            FROM unnest(\(keys.map(\.name)), \(keys.map(\.language))) AS k (name, language)
            ON CONFLICT DO NOTHING
            """)
    }
}
