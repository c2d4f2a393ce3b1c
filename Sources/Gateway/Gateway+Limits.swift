public import Foundation
import Jobs
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
    /// Limits as they are set, used and reached. Throws `LimitError` `.badValue` for an `after` that can be no key.
    /// - Parameters:
    ///   - clientID: the client whose quotas and numbers are looked at; nil: all.
    ///   - after: `next` of the page of quotas before.
    ///   - limit: quotas on a page, 1 to 1,000.
    public func limits(clientID: String? = nil, after: String? = nil, limit: Int = 1000) async throws -> Limits {
        if let after, !after.isStorable {
            throw LimitError(code: .badValue, message: "\(after.prefix(80).debugDescription) is no key of a quota to go on after")
        }
        let limit = max(1, min(limit, 1000))
        return try await core.client.withTransaction { db in
            var keys: [String]?
            if let client = clientID {
                keys = try await db.query(
                    """
                    SELECT 'portfolio:' || s.portfolio_id FROM gateway.sender s WHERE s.client_id = \(client) AND s.portfolio_id IS NOT NULL
                    UNION SELECT q.key FROM (SELECT DISTINCT waba_id FROM gateway.sender WHERE client_id = \(client)) s
                    JOIN gateway.quota q ON starts_with(q.key, 'template:' || s.waba_id || ':')
                    """
                ).decode(String.self)
            }
            var quotas = try await Self.quotas(keys, isBound: clientID != nil, after: after, limit: limit + 1, on: db)
            var next: String?
            var more = 0
            if quotas.count > limit {
                quotas.removeLast(quotas.count - limit)
                next = quotas.last?.key
                more =
                    try await db.query(
                        "SELECT count(*) FROM gateway.quota q WHERE (\(keys == nil) OR q.key = ANY (\(keys ?? []))) AND q.key > \(next)"
                    ).decodeFirst(Int.self) ?? 0
            }
            let reached = try await db.query(
                """
                SELECT l.rule, l.key, l.day::text, sum(l.held)::bigint, sum(l.let_go)::bigint FROM (
                    SELECT rule, key, day, held, let_go FROM gateway.limit_day
                    UNION ALL SELECT rule, key, day, held, let_go FROM gateway.limit_hit) l
                WHERE l.day > (jobs.now() AT TIME ZONE 'UTC')::date - 7 AND (\(clientID)::text IS NULL OR l.key = ANY (\(keys ?? []))
                    OR l.key IN (SELECT 'number:' || s.phone_number_id FROM gateway.sender s WHERE s.client_id = \(clientID)))
                GROUP BY l.rule, l.key, l.day ORDER BY l.day DESC, l.rule, l.key LIMIT 1000
                """
            ).decode((String, String, String, Int, Int).self).map {
                LimitDay(rule: $0.0, key: $0.1, day: $0.2, held: $0.3, letGo: $0.4)
            }
            var rules = try await LimitRules.list(on: db)
            // Who works for the operator is nobody else's business.
            if clientID != nil { for place in rules.indices { rules[place].changedBy = nil } }
            return Limits(rules: rules, quotas: quotas, reached: reached, next: next, more: more)
        }
    }

    /// As they were last counted, seconds ago at most, in the order of their keys. Nothing is locked, so that whoever looks holds up no sending.
    private static func quotas(
        _ keys: [String]?, isBound: Bool, after: String? = nil, limit: Int, on db: PostgresConnection
    ) async throws -> [Quota] {
        try await db.query(
            """
            SELECT q.key, q.per_day, q.shadow, q.used,
                (SELECT count(*) FROM gateway.message m WHERE m.waits_for = 'quota' AND m.held_for = q.key),
                q.source, q.effective, CASE WHEN NOT \(isBound) THEN q.set_by END, q.tier
            FROM gateway.quota q WHERE (\(keys == nil) OR q.key = ANY (\(keys ?? []))) AND q.key > \(after ?? "")
            ORDER BY q.key LIMIT \(limit)
            """
        ).decode((String, Int?, Bool, Int, Int, String, Date, String?, String?).self).map {
            Quota(
                key: $0.0, perDay: $0.1, shadow: $0.2, used: $0.3, held: $0.4, source: $0.5, effective: $0.6, setBy: $0.7, tier: $0.8)
        }
    }

    /// Changes a limit of Meta's; it counts from the next admission on. A tier that is not known yet is added.
    /// Throws `LimitError` `.notFound`, `.badValue`.
    @discardableResult
    public func setLimit(_ name: String, _ change: LimitChange, by: String) async throws -> LimitRule {
        if case .some(.some(let value)) = change.value, !(value > 0 && value <= 1_000_000_000) {
            throw LimitError(code: .badValue, message: "\(value) is no limit; a number above 0 or none is expected")
        }
        if case .some(.some(let value)) = change.value, !name.hasPrefix("pair.") || name == "pair.burst",
            value < 1 || value != value.rounded()
        {
            throw LimitError(code: .badValue, message: "\(value) is no limit of this kind; a whole number from 1 is expected")
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
            try await apply(name, value, on: db)
            return try await LimitRules.list(on: db).first { $0.name == name } ?? old
        }
    }

    /// What portfolios and numbers may by this limit, as far as Meta's word is followed.
    private func apply(_ name: String, _ value: Double?, on db: PostgresConnection) async throws {
        if name.hasPrefix("tier.") {
            let tier = String(name.dropFirst("tier.".count))
            // Quotas before numbers, as where a number joins one.
            try await db.query(
                """
                UPDATE gateway.quota SET per_day = \(value.map { Int32(clamping: Int($0)) }), effective = jobs.now() WHERE key IN (
                    SELECT key FROM gateway.quota WHERE tier = \(tier) AND set_by IS NULL ORDER BY key FOR UPDATE)
                """)
            // Those for which it was not known.
            try await db.query(
                """
                UPDATE gateway.sender SET ask_at = 'epoch' WHERE phone_number_id IN (
                    SELECT phone_number_id FROM gateway.sender WHERE ask_error IS NOT NULL AND state <> 'retired'
                    ORDER BY phone_number_id FOR UPDATE)
                """)
        } else if name.hasPrefix("number."), let value {
            let level = name.dropFirst("number.".count).uppercased()
            let changed = try await db.query(
                """
                UPDATE gateway.sender s SET per_second = CASE WHEN throughput_level IS NULL THEN per_second ELSE \(value) END,
                    updated_at = jobs.now()
                WHERE phone_number_id IN (
                    -- One that Meta was not asked for yet is taken for a usual one, with the throughput it was added with.
                    SELECT phone_number_id FROM gateway.sender WHERE coalesce(throughput_level, 'STANDARD') = \(level) AND NOT per_second_is_set
                    ORDER BY phone_number_id FOR UPDATE)
                RETURNING s.*
                """
            ).map { try SenderRow($0).sender }
            for sender in changed.sorted(by: { $0.phoneNumberID < $1.phoneNumberID }) { _ = try await senders.pace(sender, on: db) }
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
        return try await core.client.withTransaction { db in
            // The gate, then numbers, then quotas, as where Meta's word is taken.
            if try await db.query("SELECT FROM gateway.quota WHERE key = \(key)").isEmpty { try await Quotas.closeGate(on: db) }
            if followsMeta, key.hasPrefix(Quotas.portfolioPrefix) {
                try await limitsChanged(String(key.dropFirst(Quotas.portfolioPrefix.count)), on: db)
            }
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
            if !known { try await Quotas.countBefore(key, on: db) }
            try await db.query("SELECT FROM gateway.open_quotas(\([key]))")
            guard let quota = try await Self.quotas([key], isBound: false, limit: 1, on: db).first else {
                throw LimitError(code: .notFound, message: "the quota \(key) was dropped meanwhile")
            }
            return quota
        }
    }

    /// Takes a template's quota away with what is counted; what is held for it goes on. Returns whether there was one. Throws `LimitError`
    /// `.badValue` for a portfolio's: what it has reached counts for Meta, whether we want to know it or not.
    @discardableResult
    public func dropQuota(_ key: String) async throws -> Bool {
        guard key.isStorable else { return false }
        guard !key.hasPrefix(Quotas.portfolioPrefix) else {
            throw LimitError(
                code: .badValue, message: "a portfolio is always counted; relevo limits quota \(key) --per-day none lets everything go")
        }
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
