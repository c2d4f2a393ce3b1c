public import Foundation
import Postgres
import Templates

/// What is to be changed of a limit; nil leaves it.
public struct LimitChange: Sendable {
    /// The inner nil: no limit.
    public var value: Double??
    public var shadow: Bool?
    /// Who says so.
    public var source: String?
    /// Since when, as `2026-05-21`.
    public var effective: String?

    public init(value: Double?? = nil, shadow: Bool? = nil, source: String? = nil, effective: String? = nil) {
        self.value = value
        self.shadow = shadow
        self.source = source
        self.effective = effective
    }
}

extension Gateway {
    /// Limits as they are set, used and reached.
    /// - Parameter clientID: the client whose quotas and numbers are looked at; nil: all.
    public func limits(clientID: String? = nil) async throws -> Limits {
        try await core.client.withTransaction { db in
            let keys = try await db.query(
                """
                SELECT q.key FROM gateway.quota q WHERE \(clientID)::text IS NULL OR EXISTS (
                    SELECT FROM gateway.sender s WHERE s.client_id = \(clientID)
                        AND (q.key = 'portfolio:' || s.portfolio_id OR q.key LIKE 'template:' || s.waba_id || ':%'))
                ORDER BY q.key LIMIT 1000
                """
            ).decode(String.self)
            // Taken in first, so that what is over does not count.
            try await db.query("SELECT FROM gateway.open_quotas(\(keys))")
            let quotas = try await db.query(
                """
                SELECT q.key, q.per_day, q.shadow, q.used,
                    (SELECT count(*) FROM gateway.message m WHERE m.waits_for = 'quota' AND m.held_for = q.key),
                    q.source, q.effective, q.set_by, q.tier
                FROM gateway.quota q WHERE q.key = ANY (\(keys)) ORDER BY q.key
                """
            ).decode((String, Int?, Bool, Int, Int, String, Date, String?, String?).self).map {
                Quota(
                    key: $0.0, perDay: $0.1, shadow: $0.2, used: $0.3, held: $0.4, source: $0.5, effective: $0.6, setBy: $0.7, tier: $0.8)
            }
            let reached = try await db.query(
                """
                SELECT l.rule, l.key, l.day::text, sum(l.held)::bigint, sum(l.let_go)::bigint FROM (
                    SELECT rule, key, day, held, let_go FROM gateway.limit_day
                    UNION ALL SELECT rule, key, day, held, let_go FROM gateway.limit_hit) l
                WHERE l.day > (jobs.now() AT TIME ZONE 'UTC')::date - 7 AND (\(clientID)::text IS NULL OR l.key = ANY (\(keys))
                    OR l.key IN (SELECT 'number:' || s.phone_number_id FROM gateway.sender s WHERE s.client_id = \(clientID)))
                GROUP BY l.rule, l.key, l.day ORDER BY l.day DESC, l.rule, l.key LIMIT 1000
                """
            ).decode((String, String, String, Int, Int).self).map {
                LimitDay(rule: $0.0, key: $0.1, day: $0.2, held: $0.3, letGo: $0.4)
            }
            return Limits(rules: try await LimitRules.list(on: db), quotas: quotas, reached: reached)
        }
    }

    /// Changes a limit of Meta's; it counts from the next admission on. A tier that is not known yet is added.
    /// Throws `LimitError` `.notFound`, `.badValue`.
    @discardableResult
    public func setLimit(_ name: String, _ change: LimitChange, by: String) async throws -> LimitRule {
        if case .some(.some(let value)) = change.value, !(value > 0 && value <= 1_000_000_000) {
            throw LimitError(code: .badValue, message: "\(value) is no limit; a number above 0 or none is expected")
        }
        let effective = try change.effective.map(Self.date)
        let source = change.source.map { $0.storable(200) }
        return try await core.client.withTransaction { db in
            if name.hasPrefix("tier."), name.utf8.count <= 64, name.dropFirst(5).utf8.allSatisfy({ Self.isTierCharacter($0) }) {
                try await db.query(
                    """
                    INSERT INTO gateway.limit_rule (name, unit, about, source, effective)
                    VALUES (\(name), 'recipients in 24 h', 'messaging limit of a portfolio', 'set by a person', current_date)
                    ON CONFLICT DO NOTHING
                    """)
            }
            guard let old = try await LimitRules.list(on: db).first(where: { $0.name == name }) else {
                throw LimitError(
                    code: .notFound, message: "no limit is called \(name.prefix(70).debugDescription); relevo limits list shows all")
            }
            if change.shadow != nil, old.shadow == nil {
                throw LimitError(code: .badValue, message: "\(name) holds nothing back by itself, so it has no shadow")
            }
            if case .some(.none) = change.value, !name.hasPrefix("tier.") {
                throw LimitError(code: .badValue, message: "\(name) needs a value; only tiers can be without limit")
            }
            let value = change.value ?? old.value
            try await db.query(
                """
                UPDATE gateway.limit_rule SET value = \(value), shadow = \(change.shadow ?? old.shadow),
                    source = \(source ?? old.source), effective = coalesce(\(effective)::text::date, effective), changed_by = \(by),
                    changed_at = jobs.now() WHERE name = \(name)
                """)
            // What a number or a portfolio may is worked out when Meta is asked.
            if !name.hasPrefix("pair.") {
                try await db.query("UPDATE gateway.sender SET ask_at = clock_timestamp() WHERE state <> 'retired'")
            }
            return try await LimitRules.list(on: db).first { $0.name == name } ?? old
        }
    }

    /// Sets a quota, or makes it. Throws `LimitError` `.badValue`, and `.notFound` when nothing but its shadow is given of one that does not exist.
    /// - Parameter followsMeta: what Meta says changes it again.
    @discardableResult
    public func setQuota(_ key: String, perDay: Int??, shadow: Bool?, source: String?, followsMeta: Bool = false, by: String) async throws
        -> Quota
    {
        guard Self.isQuota(key) else {
            throw LimitError(
                code: .badValue,
                message: "\(key.prefix(80).debugDescription) is no quota; expected portfolio:<id> or template:<waba>:<name>:<language>")
        }
        if case .some(.some(let count)) = perDay, !(1...1_000_000_000).contains(count) {
            throw LimitError(code: .badValue, message: "\(count) a day is no quota; 1 to 1,000,000,000 or none is expected")
        }
        try await core.client.withTransaction { db in
            let known = try await !db.query("SELECT FROM gateway.quota WHERE key = \(key) FOR UPDATE").isEmpty
            guard known || perDay != nil else {
                throw LimitError(code: .notFound, message: "no quota has the key \(key); say how many a day to make it")
            }
            try await db.query(
                """
                INSERT INTO gateway.quota AS q (key, per_day, shadow, source, set_by)
                VALUES (\(key), \(perDay ?? nil), \(shadow ?? false), \(source?.storable(200) ?? "set by \(by)"), \(by))
                ON CONFLICT (key) DO UPDATE SET
                    per_day = CASE WHEN \(perDay != nil) THEN EXCLUDED.per_day ELSE q.per_day END,
                    shadow = coalesce(\(shadow), q.shadow), source = CASE WHEN \(perDay != nil || source != nil) THEN EXCLUDED.source ELSE q.source END,
                    set_by = CASE WHEN \(followsMeta) THEN NULL WHEN \(perDay != nil) THEN EXCLUDED.set_by ELSE q.set_by END,
                    effective = jobs.now()
                """)
            if followsMeta, key.hasPrefix(Quotas.portfolioPrefix) {
                let id = String(key.dropFirst(Quotas.portfolioPrefix.count))
                try await db.query("UPDATE gateway.sender SET ask_at = clock_timestamp() WHERE portfolio_id = \(id)")
            }
        }
        guard let quota = try await limits().quotas.first(where: { $0.key == key }) else {
            throw LimitError(code: .notFound, message: "the quota \(key) was dropped meanwhile")
        }
        return quota
    }

    /// Takes a quota away with what is counted; what is held for it goes on. Returns whether there was one.
    @discardableResult
    public func dropQuota(_ key: String) async throws -> Bool {
        guard key.isStorable else { return false }
        return try await core.client.withTransaction { db in
            guard try await db.query("DELETE FROM gateway.quota WHERE key = \(key)").affectedRows > 0 else { return false }
            try await db.query("DELETE FROM gateway.quota_use WHERE key = \(key)")
            try await db.query("DELETE FROM gateway.quota_mark WHERE key = \(key)")
            return true
        }
    }

    private static func isQuota(_ key: String) -> Bool {
        guard key.isStorable, !key.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return false }
        if key.hasPrefix(Quotas.portfolioPrefix) {
            let id = key.dropFirst(Quotas.portfolioPrefix.count)
            return (1...64).contains(id.utf8.count) && id.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        return TemplateHolds.template(lane: key).map { !$0.waba.isEmpty && !$0.template.name.isEmpty } ?? false
    }

    private static func isTierCharacter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
    }

    private static func date(_ text: String) throws -> String {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let calendar = Calendar(identifier: .gregorian)
        guard parts.map(\.utf8.count) == [4, 2, 2], let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            DateComponents(calendar: calendar, year: year, month: month, day: day).isValidDate(in: calendar)
        else {
            throw LimitError(code: .badValue, message: "\(text.prefix(40).debugDescription) is no date; expected one such as 2026-05-21")
        }
        return text
    }
}
