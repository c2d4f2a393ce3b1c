/// The forms that the `wa_id` of a number may have. For matching only: messages go to the number as it is.
///
/// Brazil: accounts made before the ninth digit lack it. Mexico: a 1 after the country code until 2019. Argentina: a 9 for mobiles. Benin
/// (November 2024) and Ivory Coast (January 2021): two digits were put before the eight that a number had, and webhooks may carry the eight.
enum WaIDForms {
    /// - Parameter digits: E.164 without its plus. It comes first in the result.
    static func of(digits: String) -> [String] {
        let bytes = Array(digits.utf8)
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        func without(_ index: Int) -> [String] { [digits, text(Array(bytes[..<index]) + bytes[(index + 1)...])] }
        func with(_ digit: UInt8, at index: Int) -> [String] { [digits, text(Array(bytes[..<index]) + [digit] + bytes[index...])] }
        let mobile = UInt8(ascii: "6")...UInt8(ascii: "9")
        if digits.hasPrefix("55") {
            // 55, two digits of area, then 9 and eight digits, or eight digits that begin as a mobile's do.
            if bytes.count == 13, bytes[4] == UInt8(ascii: "9") { return without(4) }
            if bytes.count == 12, mobile.contains(bytes[4]) { return with(UInt8(ascii: "9"), at: 4) }
        } else if digits.hasPrefix("52") {
            if bytes.count == 13, bytes[2] == UInt8(ascii: "1") { return without(2) }
            if bytes.count == 12 { return with(UInt8(ascii: "1"), at: 2) }
        } else if digits.hasPrefix("54") {
            if bytes.count == 13, bytes[2] == UInt8(ascii: "9") { return without(2) }
            if bytes.count == 12, bytes[2] != UInt8(ascii: "9") { return with(UInt8(ascii: "9"), at: 2) }
        } else if digits.hasPrefix("229") || digits.hasPrefix("225") {
            let (code, national) = (text(Array(bytes[..<3])), Array(bytes[3...]))
            let old = national.count == 10 ? Array(national[2...]) : national
            guard old.count == 8, let prefix = code == "229" ? "01" : ivorianPrefix(old) else { return [digits] }
            if national.count == 8 { return [digits, code + prefix + text(national)] }
            if text(Array(national[..<2])) == prefix { return [digits, code + text(old)] }
        }
        return [digits]
    }

    /// What a mobile number of Ivory Coast got in front, by its second digit, which told the operator. Nil for fixed lines, of which it is
    /// the third that counts and which begin with a 2 or a 3.
    private static func ivorianPrefix(_ old: [UInt8]) -> String? {
        guard old[0] != UInt8(ascii: "2"), old[0] != UInt8(ascii: "3") else { return nil }
        switch old[1] {
        case UInt8(ascii: "0")...UInt8(ascii: "3"): return "01"
        case UInt8(ascii: "4")...UInt8(ascii: "6"): return "05"
        default: return "07"
        }
    }
}
