import Foundation
import Synchronization

/// Half-open stretch of time in whole seconds since 1970, UTC.
public struct Interval: Hashable, Sendable {
    public var start: Int
    public var end: Int

    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    public func contains(_ other: Interval) -> Bool { start <= other.start && other.end <= end }
    public func overlaps(_ other: Interval) -> Bool { start < other.end && other.start < end }
}

/// The clock changes of one IANA time zone, in a table: asking Foundation for each conversion would be the planner's whole time.
public struct ZoneRules: Sendable {
    private struct Period: Sendable {
        var start: Int
        var offset: Int
    }

    /// The IANA name.
    public let name: String
    private let periods: [Period]

    /// IANA names without a slash. Others without one are abbreviations, which Foundation would take too.
    private static let plainNames: Set<String> = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GMT", "Greenwich", "HST", "Hongkong", "Iceland", "Iran",
        "Israel", "Jamaica", "Japan", "Kwajalein", "Libya", "MET", "MST", "MST7MDT", "NZ", "NZ-CHAT", "Navajo", "PRC", "PST8PDT", "Poland",
        "Portugal", "ROC", "ROK", "Singapore", "Turkey", "UCT", "UTC", "Universal", "W-SU", "WET", "Zulu",
    ]
    private static let cache = Mutex<[String: ZoneRules]>([:])
    /// 2020-01-01 and 2060-01-01: the table covers what a plan can reach.
    private static let firstInstant = 1_577_836_800
    private static let lastInstant = 2_840_140_800

    /// Nil when the name is not an IANA time zone.
    public static func named(_ name: String) -> ZoneRules? {
        if let known = cache.withLock({ $0[name] }) { return known }
        guard plainNames.contains(name) || (name.contains("/") && !name.hasPrefix("/") && !name.contains("..")), name.utf8.count < 64,
            let zone = TimeZone(identifier: name)
        else { return nil }
        let rules = ZoneRules(name: name, zone: zone)
        cache.withLock { $0[name] = rules }
        return rules
    }

    private init(name: String, zone: TimeZone) {
        self.name = name
        var at = Date(timeIntervalSince1970: Double(Self.firstInstant))
        var periods = [Period(start: .min, offset: zone.secondsFromGMT(for: at))]
        while let next = zone.nextDaylightSavingTimeTransition(after: at), next > at,
            next.timeIntervalSince1970 < Double(Self.lastInstant)
        {
            periods.append(
                Period(start: Int(next.timeIntervalSince1970.rounded()), offset: zone.secondsFromGMT(for: next.addingTimeInterval(1))))
            at = next
        }
        self.periods = periods
    }

    private func index(of instant: Int) -> Int {
        var (low, high) = (0, periods.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if periods[middle].start <= instant { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The date on the wall at an instant.
    public func date(of instant: Int) -> LocalDate {
        let local = instant + periods[index(of: instant)].offset
        return LocalDate(dayNumber: local >= 0 ? local / 86_400 : (local - 86_399) / 86_400)
    }

    /// Seconds since local midnight at an instant, as the wall clock shows them.
    public func secondOfDay(of instant: Int) -> Int {
        let local = instant + periods[index(of: instant)].offset
        return ((local % 86_400) + 86_400) % 86_400
    }

    /// The instant of a wall time. In a gap: the next valid instant. In a fold: the first of the two.
    /// - Parameter minute: minutes since midnight; 1440 is the midnight that ends the day.
    public func instant(of date: LocalDate, minute: Int) -> Int {
        let wall = date.dayNumber * 86_400 + minute * 60
        var index = index(of: wall - 86_400)
        while index < periods.count {
            let end = index + 1 < periods.count ? periods[index + 1].start : Int.max
            let candidate = wall - periods[index].offset
            // Below the period's start: its wall times begin after `wall`, which no period shows.
            if candidate < periods[index].start { return periods[index].start }
            if candidate < end { return candidate }
            index += 1
        }
        return wall - (periods.last?.offset ?? 0)
    }
}
