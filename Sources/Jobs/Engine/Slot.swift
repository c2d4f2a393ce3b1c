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
/// Each answer bounds it: the statement's time lies between asking and hearing. The bounds of the last minute are kept, so that neither a
/// slow answer nor a slow drift misleads; a clock that was set makes them contradict each other by more than drift does, and then only the
/// newest count.
struct ServerClock: Sendable {
    private struct Bounds {
        /// When the first answer of them came. Those of the second after it are taken together.
        let since: ContinuousClock.Instant
        var low: Duration
        var high: Duration
    }
    private static let age: Duration = .seconds(60)
    private static let drift: Duration = .milliseconds(2)

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
        var (low, high) = bounds(with: new)
        if low > high + Self.drift {
            seen = []
            (low, high) = (new.low, new.high)
        }
        if let last = seen.last, heard - last.since < .seconds(1) {
            seen[seen.count - 1].low = max(last.low, new.low)
            seen[seen.count - 1].high = min(last.high, new.high)
        } else {
            seen.append(new)
        }
        offset = (low + high) / 2
    }

    private func bounds(with new: Bounds) -> (low: Duration, high: Duration) {
        (seen.reduce(new.low) { max($0, $1.low) }, seen.reduce(new.high) { min($0, $1.high) })
    }

    /// How far off it may be by what the last minute says. A slot that is told too early by one process and too late by another is two in the time of
    /// one.
    func error(at now: ContinuousClock.Instant) -> Duration {
        let known = seen.filter { now - $0.since <= Self.age }
        guard let first = known.first else { return .seconds(3600) }
        let low = known.reduce(first.low) { max($0, $1.low) }
        let high = known.reduce(first.high) { min($0, $1.high) }
        return low > high ? low - high : (high - low) / 2
    }

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

    /// Whether the clock is to be read before slots are: not again and again where answers are slow.
    func needsClock(_ now: ContinuousClock.Instant = .now) -> Bool {
        clock.error(at: now) > Self.goodError && (lastRead.map { now - $0 > .seconds(10) } ?? true)
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
