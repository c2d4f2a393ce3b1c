public import Foundation
public import Postgres

/// The stored inventories. Every function joins its caller's transaction.
public enum TemplateStore {
    /// A template as it is stored.
    public struct Stored: Sendable, Equatable {
        public var waba: String
        public var template: Template
        /// Business time of the last inventory that held it.
        public var seenAt: Date
    }

    /// Replaces what is known of a WABA by a whole inventory that was read from `startedAt` on (business time).
    ///
    /// A status, quality or category that a webhook told after `startedAt` is kept: the inventory is older than that event.
    public static func replace(waba: String, with templates: [Template], startedAt: Date, on db: some PostgresExecutor) async throws {
        let unique = Dictionary(templates.map { ($0.key, $0) }, uniquingKeysWith: { _, last in last }).values.sorted { $0.key < $1.key }
        try await db.query(
            """
            INSERT INTO templates.inventory AS i (waba_id, fetched_at, templates) VALUES (\(waba), \(startedAt), \(unique.count))
            ON CONFLICT (waba_id) DO UPDATE SET fetched_at = EXCLUDED.fetched_at, templates = EXCLUDED.templates, stale = false
            """)
        try await db.query(
            """
            INSERT INTO templates.template AS t (waba_id, name, language, template_id, status, category, quality, parameter_format,
                rejected_reason, components, content_hash, status_at, quality_at, category_at, seen_at)
            SELECT \(waba), n.name, n.language, n.id, n.status, n.category, n.quality, n.format, n.reason, n.components, n.hash,
                \(startedAt), \(startedAt), \(startedAt), \(startedAt)
            FROM unnest(\(unique.map(\.key.name)), \(unique.map(\.key.language)), \(unique.map(\.id)), \(unique.map(\.status)),
                \(unique.map(\.category)), \(unique.map(\.quality)), \(unique.map(\.parameterFormat)), \(unique.map(\.rejectedReason)),
                \(unique.map(\.components)), \(unique.map { ContentHash.text($0.content) }))
                AS n (name, language, id, status, category, quality, format, reason, components, hash)
            ON CONFLICT (waba_id, name, language) DO UPDATE SET template_id = EXCLUDED.template_id,
                status = CASE WHEN t.status_at > EXCLUDED.status_at THEN t.status ELSE EXCLUDED.status END,
                rejected_reason = CASE WHEN t.status_at > EXCLUDED.status_at THEN t.rejected_reason ELSE EXCLUDED.rejected_reason END,
                quality = CASE WHEN t.quality_at > EXCLUDED.quality_at THEN t.quality ELSE EXCLUDED.quality END,
                category = CASE WHEN t.category_at > EXCLUDED.category_at THEN t.category ELSE EXCLUDED.category END,
                parameter_format = EXCLUDED.parameter_format, components = EXCLUDED.components, content_hash = EXCLUDED.content_hash,
                status_at = greatest(t.status_at, EXCLUDED.status_at), quality_at = greatest(t.quality_at, EXCLUDED.quality_at),
                category_at = greatest(t.category_at, EXCLUDED.category_at), seen_at = EXCLUDED.seen_at
            """)
        // What the whole inventory does not hold is gone.
        try await db.query("DELETE FROM templates.template WHERE waba_id = \(waba) AND seen_at < \(startedAt)")
    }

    /// The stored templates of a WABA, sorted by name and language.
    public static func list(waba: String, on db: some PostgresExecutor) async throws -> [Template] {
        try await db.query(
            """
            SELECT waba_id, name, language, template_id, status, category, quality, parameter_format, rejected_reason, components, seen_at
            FROM templates.template WHERE waba_id = \(waba) ORDER BY name COLLATE "C", language COLLATE "C"
            """
        ).map { try read($0).template }
    }

    /// Stored templates of every WABA or of one, for pages and the API, after `cursor` in (WABA, name, language) order.
    public static func page(
        waba: String? = nil, after cursor: (waba: String, key: TemplateKey)? = nil, limit: Int = 100, on db: some PostgresExecutor
    ) async throws -> [Stored] {
        try await db.query(
            """
            SELECT waba_id, name, language, template_id, status, category, quality, parameter_format, rejected_reason, components, seen_at
            FROM templates.template
            WHERE (\(waba)::text IS NULL OR waba_id = \(waba))
                AND (waba_id, name, language) > (\(cursor?.waba ?? ""), \(cursor?.key.name ?? ""), \(cursor?.key.language ?? ""))
            ORDER BY waba_id, name, language LIMIT \(limit)
            """
        ).map(read)
    }

    /// One stored template; nil when the inventory does not hold it.
    public static func template(waba: String, _ key: TemplateKey, on db: some PostgresExecutor) async throws -> Stored? {
        try await db.query(
            """
            SELECT waba_id, name, language, template_id, status, category, quality, parameter_format, rejected_reason, components, seen_at
            FROM templates.template WHERE waba_id = \(waba) AND name = \(key.name) AND language = \(key.language)
            """
        ).first.map(read)
    }

    /// What is known of a template: `(status, category, quality)`; nil when the inventory does not hold it.
    public static func status(
        waba: String, name: String, language: String, on db: some PostgresExecutor
    ) async throws -> (status: String, category: String, quality: String)? {
        try await template(waba: waba, TemplateKey(name: name, language: language), on: db).map {
            ($0.template.status, $0.template.category, $0.template.quality)
        }
    }

    private static func read(_ row: PostgresRow) throws -> Stored {
        let (waba, name, language, id, status, category, quality, format, reason, components, seen) = try row.decode(
            (String, String, String, String, String, String, String, String?, String?, String, Date).self)
        return Stored(
            waba: waba,
            template: Template(
                key: TemplateKey(name: name, language: language), id: id, status: status, category: category, quality: quality,
                parameterFormat: format, rejectedReason: reason, components: components),
            seenAt: seen)
    }
}

/// A short name of a content, the same in every process: 64-bit FNV-1a over the canonical text.
enum ContentHash {
    static func text(_ content: TemplateContent) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in content.digest.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
