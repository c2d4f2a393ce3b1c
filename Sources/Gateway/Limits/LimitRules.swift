public import Foundation
import Postgres

/// A limit of Meta's, as data: `pair.seconds`, `number.high`, `tier.TIER_2K`, …
public struct LimitRule: Sendable, Codable, Equatable {
    public var name: String
    /// Nil: no limit.
    public var value: Double?
    public var unit: String
    public var about: String
    /// Who says so.
    public var source: String
    /// Since when, as `2026-05-21`.
    public var effective: String
    /// Whether it only counts; nil where that has no meaning.
    public var shadow: Bool?
    public var changedBy: String?
    public var changedAt: Date?

    enum CodingKeys: String, CodingKey {
        case name, value, unit, about, source, effective, shadow
        case changedBy = "changed_by"
        case changedAt = "changed_at"
    }
}

/// How a quota stands: a count of different things in a moving 24 hours.
public struct Quota: Sendable, Codable, Equatable {
    /// `portfolio:<id>`, or `template:<waba>:<name>:<language>`.
    public var key: String
    /// Nil: no limit.
    public var perDay: Int?
    public var shadow: Bool
    public var used: Int
    /// Messages that are held for it.
    public var held: Int
    public var source: String
    public var effective: Date
    /// A person who set it; nil: as Meta says.
    public var setBy: String?
    /// Meta's word, such as `TIER_2K`.
    public var tier: String?

    enum CodingKeys: String, CodingKey {
        case key, shadow, used, held, source, effective, tier
        case perDay = "per_day"
        case setBy = "set_by"
    }
}

/// How often a limit was reached on a day (UTC).
public struct LimitDay: Sendable, Codable, Equatable {
    /// `pair`, `portfolio_limit`, `template_quota`, or `throughput`, which is counted in shadow alone: else a message that waits for it stands in
    /// its number's line.
    public var rule: String
    /// The number whose pairs or throughput they are, or the quota.
    public var key: String
    public var day: String
    /// Times a message had to wait.
    public var held: Int
    /// Times one went because the limit is in shadow.
    public var letGo: Int

    enum CodingKeys: String, CodingKey {
        case rule, key, day, held
        case letGo = "let_go"
    }
}

public struct Limits: Sendable, Codable {
    public var rules: [LimitRule]
    public var quotas: [Quota]
    /// Of the last seven days, the newest first.
    public var reached: [LimitDay]
    /// Where the next page of quotas begins, as `after`; nil on the last.
    public var next: String?
    /// Quotas that come after this page.
    public var more: Int
}

/// A limit that cannot be set so.
public struct LimitError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        case badValue = "bad_value"
        case notFound = "not_found"
    }

    public var code: Code
    public var message: String
    public var description: String { message }
}

enum LimitRules {
    static func value(_ name: String, on db: some PostgresExecutor) async throws -> Double? {
        try await db.query("SELECT value FROM gateway.limit_rule WHERE name = \(name)").decodeFirst(Double?.self) ?? nil
    }

    static func list(on db: some PostgresExecutor) async throws -> [LimitRule] {
        try await db.query(
            "SELECT name, value, unit, about, source, effective::text, shadow, changed_by, changed_at FROM gateway.limit_rule ORDER BY name"
        ).decode((String, Double?, String, String, String, String, Bool?, String?, Date?).self).map {
            LimitRule(
                name: $0.0, value: $0.1, unit: $0.2, about: $0.3, source: $0.4, effective: $0.5, shadow: $0.6, changedBy: $0.7,
                changedAt: $0.8)
        }
    }
}
