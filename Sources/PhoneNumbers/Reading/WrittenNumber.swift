/// How a number was written: what has no meaning is taken away, and what makes a reading a guess is named.
struct WrittenNumber {
    /// Longest text, in characters, that is looked at.
    static let longest = 64

    /// Without marks of direction, spaces around it and `tel:`.
    let text: String
    /// Whether it was an address such as `tel:+34…`.
    let isAddress: Bool

    /// Whether it begins with a plus, or its address has one.
    var hasPlus: Bool {
        let isOpening: (Unicode.Scalar) -> Bool = { " ([\u{FF08}\u{FF3B}".unicodeScalars.contains($0) }
        let first = text.unicodeScalars.dropFirst(isAddress ? 4 : 0).first { !isOpening($0) }
        return first == "+" || first == "\u{FF0B}" || isAddress && text.contains(";phone-context=+")
    }

    /// Nil for a text that is too long.
    init?(_ raw: String) {
        guard raw.utf8.count <= Self.longest * 16, raw.count <= Self.longest else { return nil }
        var cleaned = String.UnicodeScalarView()
        for scalar in raw.unicodeScalars where !Self.isInvisible(scalar) {
            cleaned.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
        }
        // Line ends and tabs too, but only around it: between digits they part one cell or line from the next.
        let words = String(cleaned).drop(while: \.isWhitespace)
        let trimmed = words.dropLast(words.reversed().prefix(while: \.isWhitespace).count)
        isAddress = trimmed.prefix(4).lowercased() == "tel:"
        text = isAddress ? "tel:" + trimmed.dropFirst(4) : String(trimmed)
    }

    /// Marks of direction and joining, which are copied along with numbers and change nothing. U+202E turns the order of digits
    /// around and is none of them: nobody knows in which order they were meant.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xAD, 0x061C, 0x200B...0x200F, 0x202A...0x202D, 0x2060, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// What is wrong with the writing itself, nil for nothing. The text has been taken apart already.
    func fault(_ number: borrowing NumberText) -> (PhoneReading.Refusal, String)? {
        if let digits = number.extensionDigits { return (.hasExtension, "the extension \(digits) cannot be sent to") }
        var body = Substring(text)
        if isAddress {
            body = body.dropFirst(4)
            if let semicolon = body.firstIndex(of: ";") {
                if let fault = Self.fault(ofParameters: body[semicolon...], hasPlus: number.hasPlus) { return fault }
                body = body[..<semicolon]
                guard body.contains(where: \.isNumber) else { return (.notANumber, "there is no number before its context") }
            }
        }
        if body.unicodeScalars.contains(where: { $0.properties.isAlphabetic && $0.value != Self.longDash }) {
            return (.letters, number.isVanity ? "letters stand for digits in it; write the digits" : "letters in the number")
        }
        return fault(ofMarksIn: body)
    }

    /// RFC 3966: a local number has one context, and this is one only where that has a plus.
    private static func fault(ofParameters parameters: Substring, hasPlus: Bool) -> (PhoneReading.Refusal, String)? {
        let parameters = parameters.split(separator: ";")
        if let other = parameters.first(where: { !$0.hasPrefix("phone-context=") }) {
            return (.notANumber, "the parameter \(other) cannot be sent to")
        }
        guard parameters.count == 1, let context = parameters.first else { return (.notANumber, "more than one context") }
        guard context.hasPrefix("phone-context=+") || hasPlus else {
            return (.noCountryCode, "a local number of \(context.dropFirst(14)); write it with a plus")
        }
        return nil
    }

    /// U+30FC, a letter that Japanese keyboards give for a hyphen.
    private static let longDash: UInt32 = 0x30FC

    private func fault(ofMarksIn body: Substring) -> (PhoneReading.Refusal, String)? {
        var pluses = 0
        var plusIsOver = false
        for scalar in body.unicodeScalars {
            switch scalar.value {
            case 0x2B, 0xFF0B:
                pluses += 1
                if plusIsOver || pluses > 1 { return (.notANumber, "a plus inside the number") }
            case 0x20, 0x28, 0x29, 0x5B, 0x5D, 0xFF08, 0xFF09, 0xFF3B, 0xFF3D, 0x3000, 0xA0: continue
            case 0x2D...0x2F, 0x2010...0x2015, 0x2212, 0xFF0D...0xFF0F, Self.longDash: plusIsOver = true
            default:
                guard NumberText.isDigit(scalar.value) else { return (.notANumber, "“\(scalar)” is in no number") }
                plusIsOver = true
            }
        }
        return nil
    }

    /// What stands before each slash.
    var beforeSlashes: [String] {
        text.indices.filter { text[$0] == "/" || text[$0] == "\u{FF0F}" }.map { String(text[..<$0]) }
    }

    /// The text without its only zero in brackets, directly behind a country code, as in +44 (0)20; nil where there is none.
    var withoutBracketedZero: String? {
        let zeros = text.ranges(of: /[(\[\u{FF08}\u{FF3B}] ?[0\u{FF10}] ?[)\]\u{FF09}\u{FF3D}]/)
        guard zeros.count == 1, let zero = zeros.first else { return nil }
        let code = text[..<zero.lowerBound].unicodeScalars.compactMap { NumberText.digit($0.value) }
        guard (1...3).contains(code.count), Metadata.shared.code(code.reduce(0) { $0 * 10 + Int($1) }) != nil else { return nil }
        return String(text[..<zero.lowerBound] + " " + text[zero.upperBound...])
    }
}

/// What spreadsheets do to numbers.
enum SpreadsheetDamage {
    /// What happened, and the number that may have been meant, as it would be read without it; nil for no damage.
    static func found(in text: String) -> (reason: String, meant: String?)? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return nil }
        if first == UInt8(ascii: "'") || first == UInt8(ascii: "=") || first == UInt8(ascii: "\"") {
            let meant = text.filter { !"'=\"".contains($0) }
            guard meant.contains(where: \.isNumber) else { return nil }
            return ("a spreadsheet's mark for text is in front of it; take it away", meant)
        }
        if first == UInt8(ascii: "#") { return ("a spreadsheet's error or a column too narrow for the number", nil) }
        if text.unicodeScalars.first.map(isDash) == true { return ("it begins with a minus, as amounts do", nil) }
        if text.unicodeScalars.last.map(isDash) == true { return ("it ends with a minus, as amounts do", nil) }
        let hasPlus = text.unicodeScalars.contains { $0 == "+" || $0 == "\u{FF0B}" }
        if first == UInt8(ascii: "("), last == UInt8(ascii: ")"), !hasPlus, bytes.count(where: { $0 == UInt8(ascii: "(") }) == 1 {
            return ("all of it stands in brackets, as negative amounts do", nil)
        }
        // 5,21555E+12: the last digits are gone for good.
        if text.contains(/^[+]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+$/) {
            return ("in scientific notation: a spreadsheet has dropped its last digits; format the column as text and export it again", nil)
        }
        // 34612345678.0: a number with decimals. One point or comma, and hardly anything or only zeros behind it; 06.12.34.56.78 has four.
        let points = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") || bytes[$0] == UInt8(ascii: ",") }
        if points.count == 1, let point = points.first {
            let decimals = bytes[(point + 1)...]
            if !decimals.isEmpty, decimals.allSatisfy(isDigit), decimals.count < 3 || decimals.allSatisfy({ $0 == UInt8(ascii: "0") }),
                bytes[..<point].count(where: isDigit) >= 5
            {
                let meant = String(decoding: bytes[..<point], as: UTF8.self)
                return ("it ends in decimals: a spreadsheet took it for an amount; format the column as text", meant)
            }
        }
        return nil
    }

    private static func isDash(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2D, 0x2010...0x2015, 0x2212, 0x30FC, 0xFE63, 0xFF0D: true
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
}
