import CloudAPI
import Foundation
import Jobs
import Postgres
import Templates

/// Templates that nothing is sent with for a while, because Meta refuses them.
enum TemplateHolds {
    struct Key: Hashable {
        var waba: String
        var template: TemplateKey
    }

    static func key(_ waba: String, _ name: String, _ language: String) -> Key {
        Key(waba: waba, template: TemplateKey(name: name, language: language))
    }

    /// How a template is named to people, as the key that holds a message back.
    static func lane(_ waba: String, _ name: String, _ language: String) -> String { "template:\(waba):\(name):\(language)" }

    static func template(lane: String) -> Key? {
        let parts = lane.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "template" else { return nil }
        return key(parts[1], parts[2], parts[3])
    }

    /// Asks for the holds in force among these templates. They cannot be lifted before the transaction ends, so that lifting one
    /// finds every message that is held for it.
    static func active(_ templates: Set<Key>) -> PostgresQuery {
        let keys = Array(templates)
        return """
            SELECT h.waba_id, h.name, h.language, h.reason
            FROM unnest(\(keys.map(\.waba)), \(keys.map(\.template.name)), \(keys.map(\.template.language))) AS n (waba, name, language)
            JOIN gateway.template_hold h ON h.waba_id = n.waba AND h.name = n.name AND h.language = n.language
            WHERE h.until IS NULL OR h.until > jobs.now() FOR SHARE OF h
            """
    }

    /// Reads the answer to `active`: the reasons.
    static func reasons(_ rows: PostgresRows) throws -> [Key: String] {
        Dictionary(
            try rows.decode((String, String, String, String).self).map { (key($0.0, $0.1, $0.2), $0.3) },
            uniquingKeysWith: { first, _ in first })
    }

    static func put(waba: String, template: TemplateKey, reason: String, code: Int?, for time: Duration, on db: some PostgresExecutor)
        async throws
    {
        try await db.query(
            """
            INSERT INTO gateway.template_hold AS h (waba_id, name, language, reason, code, until)
            VALUES (\(waba), \(template.name), \(template.language), \(reason.storable(500)), \(code),
                jobs.now() + make_interval(secs => \(time / .seconds(1))))
            ON CONFLICT (waba_id, name, language) DO UPDATE SET reason = EXCLUDED.reason, code = EXCLUDED.code,
                until = CASE WHEN h.until IS NOT NULL THEN greatest(h.until, EXCLUDED.until) END
            """)
    }
}
