/// A moment the rate of a lane has room for one attempt: not before, and hardly after. Sends that are late pile up on those in time, so
/// that the receiver counts more in a second than were dealt out for it.
struct Slot: Sendable {
    let at: ContinuousClock.Instant
    /// One interval of the lane, or 7 ms where that is longer: at a thousand a second, with 3 ms on the way, one percent of the limit.
    let tolerance: Duration
    /// The lane is at rest: nothing lies before the slot.
    let mayBeEarly: Bool

    init(at: ContinuousClock.Instant, interval: Duration, mayBeEarly: Bool = false) {
        self.at = at
        self.mayBeEarly = mayBeEarly
        tolerance = max(interval, .milliseconds(7))
    }

    /// When it may be used, nil: at once.
    var opens: ContinuousClock.Instant? { mayBeEarly ? nil : at }

    func isOver(_ now: ContinuousClock.Instant) -> Bool { now > at + tolerance }
}

/// Where the database's clock stands on this process's monotonic one.
///
/// Each answer bounds it: the statement's time lies between asking and hearing. The bounds of the last minute are kept, so that neither a
/// slow answer nor a slow drift misleads; a clock that was set makes them contradict each other, and then only the newest count.
struct ServerClock: Sendable {
    private struct Bounds {
        let until: ContinuousClock.Instant
        let low: Duration
        let high: Duration
    }
    private static let age: Duration = .seconds(60)
    private static let most = 256

    private let origin = ContinuousClock.now
    private var seen: [Bounds] = []
    private var offset: Duration = .zero

    /// - Parameters:
    ///   - serverTime: microseconds since 1970, read by a statement that was begun at `asked` and answered by `heard`.
    ///   - first: the same, read before what else was asked for in that round trip.
    mutating func heard(_ serverTime: Int64, first: Int64? = nil, asked: ContinuousClock.Instant, heard: ContinuousClock.Instant) {
        let new = Bounds(
            until: heard + Self.age, low: (asked - origin) - .microseconds(first ?? serverTime),
            high: (heard - origin) - .microseconds(serverTime))
        seen.removeAll { $0.until <= heard }
        if seen.count >= Self.most { seen.removeFirst(seen.count - Self.most + 1) }
        seen.append(new)
        var low = seen.reduce(new.low) { max($0, $1.low) }
        var high = seen.reduce(new.high) { min($0, $1.high) }
        if low > high {
            seen = [new]
            (low, high) = (new.low, new.high)
        }
        offset = (low + high) / 2
    }

    /// The local instant of a time of the server, in microseconds since 1970.
    func instant(_ serverTime: Int64) -> ContinuousClock.Instant { origin + .microseconds(serverTime) + offset }
}
