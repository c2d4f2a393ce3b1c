import DequeModule
import Foundation

/// Messages in any second: a window that slides, in real time.
struct SlidingWindow {
    let limit: Int
    private var taken = Deque<Int64>()
    private var asked = Deque<Int64>()
    /// The most by which what was asked for in one second was over the limit.
    private(set) var worstExcess = 0

    init(limit: Int) { self.limit = limit }

    /// Takes a place; false when the second is full.
    /// - Parameter isForced: an inbound message counts, but is not refused.
    mutating func take(_ micros: Int64, isForced: Bool = false) -> Bool {
        while let first = taken.first, first <= micros - 1_000_000 { taken.removeFirst() }
        while let first = asked.first, first <= micros - 1_000_000 || asked.count > limit * 10 { asked.removeFirst() }
        asked.append(micros)
        worstExcess = max(worstExcess, asked.count - limit)
        guard isForced || taken.count < limit else { return false }
        taken.append(micros)
        return true
    }
}

/// One message in six seconds to one person, up to 45 of them borrowed from the future, in real time.
struct PairLimit {
    static let interval: Int64 = 6_000_000
    static let burst: Int64 = 45
    private var theoretical: Int64 = 0

    mutating func take(_ micros: Int64) -> Bool {
        let next = max(theoretical, micros)
        guard next - micros <= Self.interval * (Self.burst - 1) else { return false }
        theoretical = next + Self.interval
        return true
    }

    /// Whether it has no debt left and can be forgotten.
    func isIdle(_ micros: Int64) -> Bool { theoretical <= micros }
}

/// Calls in a moving span of business time.
struct MovingBudget {
    let limit: Int
    let span: TimeInterval
    private var calls = Deque<Date>()
    private(set) var blockedUntil: Date?

    init(limit: Int, span: TimeInterval) {
        self.limit = limit
        self.span = span
    }

    mutating func count(_ now: Date) -> Int {
        while let first = calls.first, first <= now.addingTimeInterval(-span) { calls.removeFirst() }
        return calls.count
    }

    /// Counts a call; false when it is one too many.
    /// - Parameter blocks: one too many closes the budget for the whole span.
    mutating func take(_ now: Date, blocks: Bool = false, limit: Int? = nil) -> Bool {
        if let blockedUntil, now < blockedUntil { return false }
        guard count(now) < limit ?? self.limit else {
            if blocks { blockedUntil = now.addingTimeInterval(span) }
            return false
        }
        calls.append(now)
        return true
    }
}

/// Unique people a portfolio has written to outside windows in 24 hours of business time.
struct PortfolioLedger {
    private var last: [String: Date] = [:]
    private var order = Deque<(Date, String)>()

    mutating func count(_ now: Date) -> Int {
        let edge = now.addingTimeInterval(-86_400)
        while let (at, person) = order.first, at <= edge {
            order.removeFirst()
            if last[person] == at { last[person] = nil }
        }
        return last.count
    }

    /// Notes a message to a person; false when it would be one person too many.
    mutating func take(_ person: String, _ now: Date, limit: Int?) -> Bool {
        let unique = count(now)
        if last[person] == nil, let limit, unique >= limit { return false }
        last[person] = now
        order.append((now, person))
        return true
    }
}
