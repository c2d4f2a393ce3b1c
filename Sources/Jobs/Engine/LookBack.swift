/// Where looks for work begin.
///
/// A look from the beginning of time passes over everything that has died since the oldest snapshot that somebody holds: after ten minutes of
/// work a million rows. So each begins where the last one found its first, a second before. What may lie earlier, because another worker held
/// it or its transaction took long, is found by a look from the beginning: once a second, and less often where that takes long.
struct LookBack {
    /// Of the next look, in microseconds since 1970 by the server's clock; 0: from the beginning.
    private(set) var since: Int64 = 0
    private var begun: ContinuousClock.Instant?
    private var thorough: ContinuousClock.Instant?
    private static let margin: Int64 = 1_000_000
    private static let every: Duration = .seconds(1)
    /// The share of the time that looks from the beginning may take: one fortieth.
    private static let rest = 40
    /// Not even after a look that stood still with its disk or its process: what is found only from the beginning waits for it.
    private static let longest: Duration = .seconds(10)

    /// Begins a look; returns since when.
    mutating func begin(_ now: ContinuousClock.Instant) -> Int64 {
        begun = now
        if thorough.map({ now >= $0 }) ?? true { since = 0 }
        return since
    }

    /// - Parameter earliest: when the first that was found had become due, or the time of the look when nothing was found.
    mutating func end(_ now: ContinuousClock.Instant, earliest: Int64) {
        if since == 0, let begun { thorough = now + min(Self.longest, max(Self.every, (now - begun) * Self.rest)) }
        since = max(since, earliest - Self.margin)
    }
}
