public import Foundation
public import Postgres

/// Applies what template webhooks say to the stored inventory.
public enum TemplateEvents {
    /// The webhook fields this owner takes.
    public static let fields: Set<String> = [
        "message_template_status_update", "message_template_quality_update", "template_category_update",
        "message_template_components_update",
    ]

    /// What one event meant.
    public struct Applied: Sendable, Equatable {
        public var waba: String
        public var key: TemplateKey
        /// `status`, `quality`, `category` or `components`.
        public var kind: String
        public var value: String
        public var reason: String?
        /// When Meta says that it happened; business time.
        public var occurredAt: Date
        /// Whether the stored template changed; false for duplicates, older events and templates not in the inventory.
        public var changed: Bool
    }

    /// Applies one change of a webhook. Duplicates, late and reordered events leave the newest state in place.
    ///
    /// - Parameters:
    ///   - value: the change's `value` as JSON.
    ///   - occurredAt: the entry's `time`; nil takes the business time of receipt.
    /// - Returns: nil when the field is not a template field or names no template.
    public static func apply(
        field: String, waba: String, value: Data, occurredAt: Date?, on db: some PostgresExecutor
    ) async throws -> Applied? {
        guard fields.contains(field), let tree = JSONTree(value), let event = Event(field: field, tree: tree) else { return nil }
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        let at = occurredAt ?? now
        let (matched, changed) = try await update(event, waba: waba, at: at, on: db)
        try await db.query(
            """
            INSERT INTO templates.event (waba_id, template_id, name, language, kind, previous, value, reason, occurred_at, applied)
            VALUES (\(waba), \(event.id), \(event.key.name), \(event.key.language), \(event.kind), \(event.previous), \(event.value),
                \(event.reason), \(at), \(changed))
            ON CONFLICT DO NOTHING
            """)
        if !matched || event.kind == "components" {
            // Only another fetch can show the components, or a template nobody has listed yet.
            try await db.query("UPDATE templates.inventory SET stale = true WHERE waba_id = \(waba)")
        }
        return Applied(
            waba: waba, key: event.key, kind: event.kind, value: event.value, reason: event.reason, occurredAt: at, changed: changed)
    }

    private static func update(_ event: Event, waba: String, at: Date, on db: some PostgresExecutor) async throws -> (Bool, Bool) {
        // The numeric id is Meta's own name for it; name and language are the fall-back. Entry times are whole seconds.
        let row = try await db.query(
            """
            SELECT name, language, status, quality, category FROM templates.template
            WHERE waba_id = \(waba) AND (template_id = \(event.id) OR (name = \(event.key.name) AND language = \(event.key.language)))
            ORDER BY template_id = \(event.id) DESC LIMIT 1 FOR UPDATE
            """
        ).decodeFirst((String, String, String, String, String).self)
        guard let (name, language, status, quality, category) = row else { return (false, false) }
        // The time moves on even when the value stays: an older event that comes later must not undo this one.
        let rows: PostgresRows
        let before: String
        switch event.kind {
        case "status":
            before = status
            rows = try await db.query(
                """
                UPDATE templates.template SET status = \(event.value), rejected_reason = \(event.reason), status_at = \(at)
                WHERE waba_id = \(waba) AND name = \(name) AND language = \(language) AND date_trunc('second', status_at) <= \(at)
                """)
        case "quality":
            before = quality
            rows = try await db.query(
                """
                UPDATE templates.template SET quality = \(event.value), quality_at = \(at)
                WHERE waba_id = \(waba) AND name = \(name) AND language = \(language) AND date_trunc('second', quality_at) <= \(at)
                """)
        case "category":
            before = category
            rows = try await db.query(
                """
                UPDATE templates.template SET category = \(event.value), category_at = \(at)
                WHERE waba_id = \(waba) AND name = \(name) AND language = \(language) AND date_trunc('second', category_at) <= \(at)
                """)
        default: return (true, false)
        }
        return (true, rows.affectedRows > 0 && before != event.value)
    }

    /// A template event in one shape.
    struct Event: Equatable {
        var id: String
        var key: TemplateKey
        var kind: String
        var previous: String?
        var value: String
        var reason: String?

        init?(field: String, tree: JSONTree) {
            let id = tree["message_template_id"]?.text
            let name = tree["message_template_name"]?.text
            guard id != nil || name != nil else { return nil }
            self.id = id ?? ""
            key = TemplateKey(name: Self.clean(name ?? ""), language: Self.clean(tree["message_template_language"]?.text ?? ""))
            switch field {
            case "message_template_status_update":
                guard let event = tree["event"]?.text?.uppercased() else { return nil }
                kind = "status"
                // A template that is back from a pause or an archive can be sent again.
                value = event == "REINSTATED" || event == "UNARCHIVED" ? "APPROVED" : Self.clean(event)
                let code = tree["reason"]?.text
                reason =
                    (code == nil || code == "NONE" ? tree["other_info"]?["title"]?.text ?? tree["rejection_info"]?["reason"]?.text : code)
                    .map(Self.clean)
            case "message_template_quality_update":
                guard let score = tree["new_quality_score"]?.text?.uppercased() else { return nil }
                kind = "quality"
                previous = tree["previous_quality_score"]?.text.map(Self.clean)
                value = Self.clean(score)
            case "template_category_update":
                guard let category = (tree["new_category"] ?? tree["correct_category"])?.text?.uppercased() else { return nil }
                kind = "category"
                previous = tree["previous_category"]?.text.map(Self.clean)
                value = Self.clean(category)
            default:
                kind = "components"
                value = "EDITED"
            }
        }

        /// PostgreSQL's text holds no U+0000.
        private static func clean(_ text: String) -> String { text.replacing("\u{0}", with: "\u{FFFD}") }
    }
}
