import Jobs
import Postgres

/// Throughput that only counts. The lane of such a number has no rate; what would have waited for one is worked out later, from what was taken
/// and when (`gateway.fold_throughput`).
enum ThroughputShadow {
    /// - Parameters:
    ///   - takes: numbers in shadow, and how many messages each.
    ///   - isInbound: messages that came in, which spend throughput too.
    static func note(
        _ takes: [(sender: Sender, tokens: Int)], isInbound: Bool, _ settings: GatewaySettings, on db: PostgresConnection
    ) async throws {
        guard !takes.isEmpty else { return }
        let limits = takes.map { settings.limits($0.sender.perSecond) }
        try await db.query(
            """
            INSERT INTO gateway.throughput_take (sender, tokens, inbound, per_second, burst)
            SELECT n.sender, n.tokens, \(isInbound), n.per_second, n.burst
            FROM unnest(\(takes.map(\.sender.phoneNumberID)), \(takes.map { Int32(clamping: $0.tokens) }),
                \(limits.map { $0.perSecond ?? 1 }), \(limits.map { Int32(clamping: $0.burst) })) AS n (sender, tokens, per_second, burst)
            """)
    }
}

extension GatewaySettings {
    /// A little under Meta's rate. Slots are dealt out a fifth of a second ahead, so that a stall of the database leaves none unused; requests in
    /// flight are bounded so that a slow Meta is not flooded, in shadow too.
    /// - Parameters:
    ///   - perSecond: what Meta allows the number.
    ///   - isInShadow: whether that only counts.
    func limits(_ perSecond: Double, isInShadow: Bool = false) -> LaneLimits {
        LaneLimits(
            perSecond: isInShadow ? nil : max(0.01, perSecond * pace), burst: max(1, Int((perSecond * 0.2).rounded(.up))),
            maxRunning: max(4, min(2000, Int(perSecond * 1.5))))
    }
}
