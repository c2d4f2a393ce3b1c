import Postgres

/// The pair rule as it is set.
struct PairRule: Sendable {
    /// Seconds between two messages of one pair.
    var interval: Double
    /// Messages that may go at once within `window` seconds, borrowed from the time after.
    var burst: Int
    var window: Double
    var isInShadow: Bool

    static let query: PostgresQuery = "SELECT name, value, coalesce(shadow, false) FROM gateway.limit_rule WHERE name LIKE 'pair.%'"

    /// A value that somebody has taken away counts as the strictest there is.
    init(_ rows: PostgresRows) throws {
        let rules = Dictionary(
            try rows.decode((String, Double?, Bool).self).map { ($0.0, (value: $0.1, shadow: $0.2)) },
            uniquingKeysWith: { first, _ in first })
        interval = rules["pair.seconds"]?.value ?? 6.2
        burst = max(1, Int(rules["pair.burst"]?.value ?? 1))
        window = rules["pair.burst_seconds"]?.value ?? 1
        isInShadow = rules["pair.seconds"]?.shadow ?? false
    }
}
