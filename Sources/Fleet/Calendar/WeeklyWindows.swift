/// Windows that come back every week, in local time: `Mon-Thu 22:00-05:00;Sat 06:00-12:00`.
public struct WeeklyWindows: Hashable, Sendable {
    /// One listed window.
    public struct Window: Hashable, Sendable {
        /// Bit 0 is Monday.
        public var days: UInt8
        /// Minutes since midnight, 0 to 1439.
        public var start: Int
        /// Minutes since midnight, 1 to 1440; at or before `start` it is the next day's.
        public var end: Int
    }

    /// As it was written.
    public let text: String
    /// In the order in which they were listed; never merged.
    public let windows: [Window]

    private static let dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    /// Reads the form of CONTRACTS section 3. Throws the part that is wrong.
    public init(_ text: String) throws(BadText) {
        self.text = text
        var windows: [Window] = []
        for part in text.split(separator: ";") {
            let trimmed = part.trimmingSpaces
            if trimmed.isEmpty { continue }
            let words = trimmed.split(separator: " ").map(String.init)
            guard words.count >= 2, let times = words.last, let days = Self.days(words.dropLast().joined()) else {
                throw BadText(
                    part: trimmed, expected: "days and hours such as Mon-Thu 22:00-05:00, with days Mon Tue Wed Thu Fri Sat Sun or Daily")
            }
            let ends = times.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let start = Self.minute(ends[0]), start < 1440, let end = Self.minute(ends[1]),
                end > 0 || start > 0 || end == start
            else {
                throw BadText(part: trimmed, expected: "hours from 00:00-24:00, such as 22:00-05:00")
            }
            windows.append(Window(days: days, start: start, end: end == 0 ? 1440 : end))
        }
        guard !windows.isEmpty else { throw BadText(part: text, expected: "at least one window such as Mon-Thu 22:00-05:00") }
        self.windows = windows
    }

    private static func days(_ text: String) -> UInt8? {
        if text == "Daily" { return 0b111_1111 }
        var set: UInt8 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { dayNames.firstIndex(of: String($0)) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil else { return nil }
            var day = first
            set |= 1 << UInt8(day)
            // A range may wrap: Fri-Mon.
            while day != last {
                day = (day + 1) % 7
                set |= 1 << UInt8(day)
            }
        }
        return set
    }

    /// Reads `22:00`, up to `24:00`.
    static func minute(_ text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
            parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return hour * 60 + minute
    }

    /// Every occurrence that meets `range`, sorted by start, whole (not cut to the range), not merged.
    public func intervals(in range: Interval, zone: ZoneRules, except off: (LocalDate) -> Bool = { _ in false }) -> [Interval] {
        var found: [Interval] = []
        let first = zone.date(of: range.start).dayNumber - 2
        let last = zone.date(of: range.end).dayNumber + 1
        for number in first...max(first, last) {
            let date = LocalDate(dayNumber: number)
            if off(date) { continue }
            for window in windows where window.days & (1 << UInt8(date.weekday)) != 0 {
                let endDate = window.end <= window.start ? LocalDate(dayNumber: number + 1) : date
                let interval = Interval(
                    start: zone.instant(of: date, minute: window.start), end: zone.instant(of: endDate, minute: window.end))
                if interval.start < interval.end && interval.overlaps(range) { found.append(interval) }
            }
        }
        return found.sorted { ($0.start, $0.end) < ($1.start, $1.end) }
    }
}

/// Hours of every day, such as `09:00-12:00;18:00-20:00`; a range may cross midnight.
public struct DailyHours: Hashable, Sendable {
    /// Minutes of the day that are inside, as half-open ranges within 0..<1440, sorted and without overlaps.
    public let minutes: [Range<Int>]

    /// Throws the part that is wrong.
    public init(_ text: String) throws(BadText) {
        var covered = [Bool](repeating: false, count: 1440)
        for part in text.split(separator: ";") {
            let trimmed = part.trimmingSpaces
            if trimmed.isEmpty { continue }
            let ends = trimmed.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let start = WeeklyWindows.minute(ends[0]), start < 1440, let end = WeeklyWindows.minute(ends[1]) else {
                throw BadText(part: trimmed, expected: "hours such as 09:00-12:00")
            }
            var minute = start
            repeat {
                covered[minute] = true
                minute = (minute + 1) % 1440
            } while minute != end % 1440
        }
        var ranges: [Range<Int>] = []
        var start: Int?
        for minute in 0...1440 {
            let inside = minute < 1440 && covered[minute]
            if inside, start == nil { start = minute }
            if !inside, let begun = start {
                ranges.append(begun..<minute)
                start = nil
            }
        }
        minutes = ranges
    }

    /// Real seconds of `interval` whose wall time lies inside.
    public func seconds(in interval: Interval, zone: ZoneRules) -> Int {
        var total = 0
        var at = interval.start
        while at < interval.end {
            // Wall time runs evenly inside a minute that starts on a whole minute of the wall clock.
            let second = zone.secondOfDay(of: at)
            let next = min(interval.end, at + 60 - second % 60)
            if minutes.contains(where: { $0.contains(second / 60) }) { total += next - at }
            at = next
        }
        return total
    }
}
