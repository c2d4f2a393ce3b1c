/// The forms that the `wa_id` of a number may have. For matching only: messages go to the number as it is.
///
/// Brazil: accounts made before the ninth digit lack it. Mexico: a 1 after the country code until 2019. Argentina: a 9 for mobiles.
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
        }
        return [digits]
    }
}
