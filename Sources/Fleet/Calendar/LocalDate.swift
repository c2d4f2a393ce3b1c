/// A date on the wall calendar of some place.
public struct LocalDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let dayNumber: Int

    /// A date by its day number.
    public init(dayNumber: Int) { self.dayNumber = dayNumber }

    /// Reads `2026-12-24`. Nil for another form or a day that does not exist.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Int(text.prefix(4)), let month = Int(text.dropFirst(5).prefix(2)), let day = Int(text.suffix(2)),
            (1970...9999).contains(year), (1...12).contains(month), day >= 1
        else { return nil }
        dayNumber = Self.dayNumber(year: year, month: month, day: day)
        let back = components
        guard back.year == year, back.month == month, back.day == day else { return nil }
    }

    /// Year, month and day of the Gregorian calendar (the algorithm of Howard Hinnant's `civil_from_days`).
    public var components: (year: Int, month: Int, day: Int) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }

    private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// 0 for Monday to 6 for Sunday.
    public var weekday: Int { (dayNumber + 3) % 7 }

    public static func < (left: Self, right: Self) -> Bool { left.dayNumber < right.dayNumber }

    public var description: String {
        let (year, month, day) = components
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }
}

/// Local dates from one to another, both included.
public struct LocalDateRange: Hashable, Sendable {
    public var first: LocalDate
    public var last: LocalDate

    public func contains(_ date: LocalDate) -> Bool { first <= date && date <= last }

    /// Reads `2026-12-24..2026-12-26;2027-01-01`. Throws the text of the part that is wrong.
    public static func list(_ text: String) throws(BadText) -> [LocalDateRange] {
        var ranges: [LocalDateRange] = []
        for part in text.split(separator: ";") {
            let trimmed = part.trimmingSpaces
            if trimmed.isEmpty { continue }
            let ends = trimmed.split(separator: "..", omittingEmptySubsequences: false).map(\.trimmingSpaces)
            guard ends.count <= 2, let from = LocalDate(ends[0]), let to = LocalDate(ends[ends.count - 1]) else {
                throw BadText(part: trimmed, expected: "a date such as 2026-12-24, or 2026-12-24..2026-12-26")
            }
            guard from <= to else { throw BadText(part: trimmed, expected: "a first date that is not after the last") }
            ranges.append(LocalDateRange(first: from, last: to))
        }
        return ranges
    }
}

/// Part of a field that could not be read.
public struct BadText: Error, Equatable {
    public var part: String
    public var expected: String
}

extension StringProtocol {
    /// The text without blanks at its ends.
    var trimmingSpaces: String {
        // Nearly always there is nothing to trim, and ASCII at both ends shows that at once. A mark may follow the first letter, no space.
        let whole = String(self)
        if let first = whole.utf8.first, let last = whole.utf8.last, (0x21..<0x80).contains(first), (0x21..<0x80).contains(last) {
            return whole
        }
        var text = whole[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
