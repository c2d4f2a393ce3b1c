import Foundation
import Postgres

/// The rows of quotas: what counts moving sums of 24 hours.
enum Quotas {
    static func portfolio(_ id: String) -> String { portfolioPrefix + id }
    static let portfolioPrefix = "portfolio:"
    /// How long before its end a service window counts as closed: a message that is let go now goes out a little later.
    static let windowMargin: Double = 600

    /// Admissions share this gate, and whoever makes a quota or takes a number into one has it alone: else a message that is let go
    /// just then, by somebody who does not see the quota yet, would be counted by nobody. Held until the transaction ends.
    static func closeGate(on db: PostgresConnection) async throws {
        try await db.query("SELECT pg_advisory_xact_lock(hashtextextended('gateway.quotas', 0))")
    }

    /// To be taken before the numbers are read that may be in a quota.
    static let gate: PostgresQuery = "SELECT pg_advisory_xact_lock_shared(hashtextextended('gateway.quotas', 0))"

    /// Locks those of these quotas that exist, and reads which of these items are counted in them.
    static func open(_ items: Set<QuotaItem>, on db: PostgresConnection) async throws -> QuotaBook {
        let items = Array(items)
        let rows = try await db.pipeline([
            "SELECT key, per_day, shadow, (used - over)::int, waiting FROM gateway.open_quotas(\(Set(items.map(\.key)).sorted()))",
            "SELECT key, item FROM gateway.counted(\(items.map(\.key)), \(items.map(\.item)))",
        ])
        let standings = try rows[0].decode((String, Int?, Bool, Int, Bool).self).map { key, perDay, shadow, used, waiting in
            (key, QuotaBook.Standing(perDay: perDay, isInShadow: shadow, used: used, isWaitedFor: waiting))
        }
        return QuotaBook(
            standings: Dictionary(standings, uniquingKeysWith: { first, _ in first }),
            counted: Set(try rows[1].decode((String, String).self).map { QuotaItem(key: $0.0, item: $0.1) }))
    }

    /// Counts items for messages, for 24 hours from now. The locks of their quotas are held.
    /// - Parameter over: those beyond a limit that is in shadow.
    static func take(
        _ uses: [(QuotaItem, message: UUID, attempt: Int)], over: Set<QuotaItem> = [], on db: PostgresConnection
    ) async throws {
        guard !uses.isEmpty else { return }
        try await db.query(
            """
            SELECT gateway.take_quotas(\(uses.map(\.0.key)), \(uses.map(\.0.item)), \(uses.map(\.message)),
                \(uses.map { Int32(clamping: $0.attempt) }), \(uses.map { over.contains($0.0) }))
            """)
    }

    /// Counts from now on what is new in a quota with what was sent before. Its lock is held, and the gate closed.
    static func countBefore(_ key: String, on db: PostgresConnection) async throws {
        let senders: PostgresQuery =
            if key.hasPrefix(portfolioPrefix) {
                "SELECT phone_number_id FROM gateway.sender WHERE portfolio_id = \(String(key.dropFirst(portfolioPrefix.count))) ORDER BY 1"
            } else {
                "SELECT phone_number_id FROM gateway.sender WHERE waba_id = \(TemplateHolds.template(lane: key)?.waba ?? "") ORDER BY 1"
            }
        for sender in try await db.query(senders).decode(String.self) {
            try await db.query("SELECT gateway.count_sender(\(key), \(sender))")
        }
    }

    /// Counts in a portfolio's quota what a number has sent that is about to join it. To be called before anything of the number is locked, by all
    /// who change its portfolio, in the transaction that does: the gate, numbers and quotas are taken in this order everywhere.
    /// - Parameter waba: the number's account, if it is to join only with that one.
    static func join(_ portfolio: String, _ sender: String, waba: String? = nil, on db: PostgresConnection) async throws {
        // Whoever is in it already is not counted twice: those whose service window was open would be counted after all. A number that is not
        // known has sent nothing.
        guard portfolio.isStorable, sender.isStorable else { return }
        func isOutside(_ db: PostgresConnection) async throws -> Bool {
            try await !db.query(
                """
                SELECT FROM gateway.sender WHERE phone_number_id = \(sender) AND portfolio_id IS DISTINCT FROM \(portfolio)
                    AND (\(waba)::text IS NULL OR waba_id = \(waba))
                """
            ).isEmpty
        }
        guard try await isOutside(db) else { return }
        // Alone behind it. The number itself is not locked: messages are, before their number, by whoever takes statuses of theirs.
        try await closeGate(on: db)
        // Somebody else may have let it join while we waited.
        guard try await isOutside(db) else { return }
        let key = Self.portfolio(portfolio)
        guard try await !db.query("SELECT FROM gateway.open_quotas(\([key]))").isEmpty else { return }
        try await db.query("SELECT gateway.count_sender(\(key), \(sender))")
    }

    /// Frees items that messages hold and do not need any more.
    static func free(_ uses: [(QuotaItem, message: UUID, attempt: Int)], on db: PostgresConnection) async throws {
        guard !uses.isEmpty else { return }
        try await db.query(
            """
            INSERT INTO gateway.quota_mark (key, item, message_id, attempt)
            SELECT * FROM unnest(\(uses.map(\.0.key)), \(uses.map(\.0.item)), \(uses.map(\.message)),
                \(uses.map { Int32(clamping: $0.attempt) }))
            """)
    }

    /// Those of these recipients whose service window is open, and stays open a while.
    static func open(windows: [(sender: String, address: String)], on db: PostgresConnection) async throws -> Set<[String]> {
        guard !windows.isEmpty else { return [] }
        return Set(
            try await db.query(
                """
                SELECT w.sender, w.address FROM unnest(\(windows.map(\.sender)), \(windows.map(\.address))) AS n (sender, address)
                JOIN gateway.service_window w ON w.sender = n.sender AND w.address = n.address
                WHERE w.last_inbound_at > jobs.now() - interval '24 hours' + make_interval(secs => \(windowMargin))
                """
            ).decode((String, String).self).map { [$0.0, $0.1] })
    }
}

/// How often a limit held something back, or would have.
enum LimitHits {
    struct Hit: Hashable {
        var rule: String
        var key: String
        var isShadow: Bool
    }

    static func note(_ hits: [Hit], on db: PostgresConnection) async throws {
        guard !hits.isEmpty else { return }
        let counts = Dictionary(grouping: hits, by: \.self).mapValues(\.count)
        let keys = Array(counts.keys)
        try await db.query(
            """
            INSERT INTO gateway.limit_hit (rule, key, held, let_go)
            SELECT n.rule, n.key, CASE WHEN n.shadow THEN 0 ELSE n.count END, CASE WHEN n.shadow THEN n.count ELSE 0 END
            FROM unnest(\(keys.map(\.rule)), \(keys.map(\.key)), \(keys.map(\.isShadow)), \(keys.map { Int32(clamping: counts[$0] ?? 0) }))
                AS n (rule, key, shadow, count)
            """)
    }
}
