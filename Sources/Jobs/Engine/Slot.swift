/// A moment the rate of a lane has room for one attempt: not before, and hardly after. Sends that are late pile up on those in time, so
/// that the receiver counts more in a second than were dealt out for it.
struct Slot: Sendable {
    let at: ContinuousClock.Instant
    /// Between two slots of the lane.
    let interval: Duration
    let place: Place
    let window: LaneWindow

    enum Place {
        /// In a row of slots.
        case among
        /// The first of a row of a lane at rest: nothing lies before it, and it may be used before its time.
        case first
        /// Of a lane at rest, and alone: nothing lies before it or behind it, and it is never over.
        case alone
    }

    /// What the way from the last look to the socket may take, unless something stands still.
    private static let way: Duration = .milliseconds(5)

    /// When it may be used, nil: at once.
    var opens: ContinuousClock.Instant? { place == .among ? at : nil }

    /// How late it may be looked at. With the way to the socket one interval of the lane, so that no two are late at once; for more than 80 a
    /// second 7 ms, at a thousand less than one percent of the limit, because else every small delay would cost slots.
    var tolerance: Duration { max(interval - Self.way, .milliseconds(7)) }

    /// How far before a second slots may lie whose sends fall into it. No less than sends come late by turns, or slots at its edge are refused
    /// for nothing; and less than an interval where those are 10 ms, because each of several processes may have one.
    var slack: Duration { max(interval - Self.way * 2, Self.way) }

    func isOver(_ now: ContinuousClock.Instant) -> Bool { place != .alone && now > at + tolerance }
}

/// Where the database's clock stands on this process's monotonic one.
///
/// Each answer bounds it: the statement's time lies between asking and hearing. The bounds of the last minute are kept, so that a slow answer
/// does not mislead; where one clock drifts or was set they contradict each other, and then the oldest are dropped.
struct ServerClock: Sendable {
    private struct Bounds {
        /// When the first answer of them came. Those of the second after it are taken together.
        let since: ContinuousClock.Instant
        var low: Duration
        var high: Duration
    }
    private static let age: Duration = .seconds(60)

    private let origin = ContinuousClock.now
    private var seen: [Bounds] = []
    private var offset: Duration = .zero

    /// - Parameters:
    ///   - serverTime: microseconds since 1970, read by a statement that was begun at `asked` and answered by `heard`.
    ///   - first: the same, read before what else was asked for in that round trip.
    mutating func heard(_ serverTime: Int64, first: Int64? = nil, asked: ContinuousClock.Instant, heard: ContinuousClock.Instant) {
        let new = Bounds(
            since: heard, low: (asked - origin) - .microseconds(first ?? serverTime), high: (heard - origin) - .microseconds(serverTime))
        seen.removeAll { heard - $0.since > Self.age }
        while let (low, high) = bounds(heard), max(low, new.low) > min(high, new.high) { seen.removeFirst() }
        if let last = seen.last, heard - last.since < .seconds(1) {
            seen[seen.count - 1].low = max(last.low, new.low)
            seen[seen.count - 1].high = min(last.high, new.high)
        } else {
            seen.append(new)
        }
        if let (low, high) = bounds(heard) { offset = (low + high) / 2 }
    }

    /// By what the last minute says.
    private func bounds(_ now: ContinuousClock.Instant) -> (low: Duration, high: Duration)? {
        let known = seen.drop { now - $0.since > Self.age }
        guard let low = known.map(\.low).max(), let high = known.map(\.high).min() else { return nil }
        return (low, high)
    }

    /// How far off it may be. A slot that is told too early by one process and too late by another is two in the time of one.
    func error(at now: ContinuousClock.Instant) -> Duration { bounds(now).map { ($0.high - $0.low) / 2 } ?? .seconds(3600) }

    /// Since when nothing contradicts what is known.
    var since: ContinuousClock.Instant? { seen.first?.since }

    /// The local instant of a time of the server, in microseconds since 1970.
    func instant(_ serverTime: Int64) -> ContinuousClock.Instant { origin + .microseconds(serverTime) + offset }
}

/// Turns what a claim says of slots into this process's own time and counts.
struct SlotReader: Sendable {
    var clock = ServerClock()
    /// When the clock was last read for itself.
    var lastRead: ContinuousClock.Instant?
    let windows: LaneWindows

    static let goodError: Duration = .milliseconds(1)

    init(windows: LaneWindows) { self.windows = windows }

    /// Whether the clock is to be read before slots are: not again and again where answers are slow, but where nothing that was read counts any
    /// more. What will be too old by the time a slow claim has its answer does not count.
    func needsClock(_ now: ContinuousClock.Instant = .now) -> Bool {
        guard clock.error(at: now + .seconds(5)) > Self.goodError else { return false }
        guard let lastRead, let since = clock.since, since <= lastRead else { return true }
        return now - lastRead > .seconds(10)
    }

    /// - Parameters:
    ///   - at: microseconds since 1970 by the server's clock, as `claimed`; nil: it is alone in a lane at rest.
    ///   - interval: microseconds; 0: the lane has no rate.
    func read(_ at: Int64?, interval: Int64, isFirst: Bool, claimed: Int64, lane: Int64) -> Slot? {
        guard interval > 0 else { return nil }
        return Slot(
            at: clock.instant(at ?? claimed), interval: .microseconds(interval), place: at == nil ? .alone : isFirst ? .first : .among,
            window: windows.deal(lane))
    }
}
