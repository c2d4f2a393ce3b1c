import Fleet

/// RFC 3339 text and whole seconds since 1970, without a locale or a formatter.
public enum PlanTime {
    /// Such as `2026-12-01T00:00:00Z`.
    public static func text(_ instant: Int) -> String {
        let day = instant >= 0 ? instant / 86_400 : (instant - 86_399) / 86_400
        let second = instant - day * 86_400
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(LocalDate(dayNumber: day))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }

    /// Reads a time with `Z` or an offset; a fraction of a second is cut off. Nil for another form.
    public static func instant(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let date = LocalDate(String(decoding: bytes[0..<10], as: UTF8.self)),
            bytes[10] | 0x20 == UInt8(ascii: "t"),
            let hour = number(bytes[11..<13]), bytes[13] == UInt8(ascii: ":"), let minute = number(bytes[14..<16]),
            bytes[16] == UInt8(ascii: ":"),
            let second = number(bytes[17..<19]), hour < 24, minute < 60, second < 60
        else { return nil }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty else { return nil }
            rest = rest[digits.endIndex...]
        }
        let local = date.dayNumber * 86_400 + hour * 3600 + minute * 60 + second
        if rest.count == 1, rest[rest.startIndex] | 0x20 == UInt8(ascii: "z") { return local }
        let zone = Array(rest)
        guard zone.count == 6, zone[3] == UInt8(ascii: ":"), let hours = number(zone[1..<3]), let minutes = number(zone[4..<6]), hours < 24,
            minutes < 60
        else { return nil }
        switch zone[0] {
        case UInt8(ascii: "+"): return local - hours * 3600 - minutes * 60
        case UInt8(ascii: "-"): return local + hours * 3600 + minutes * 60
        default: return nil
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.reduce(Optional(0)) { sum, digit in
            guard let sum, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            return sum * 10 + Int(digit - UInt8(ascii: "0"))
        }
    }
}
