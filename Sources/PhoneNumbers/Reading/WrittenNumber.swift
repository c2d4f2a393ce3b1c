/// How a number was written: what has no meaning is taken away, and what makes a reading a guess is named.
struct WrittenNumber {
    /// Longest text, in characters, that is looked at.
    static let longest = 64

    /// Without marks of direction, spaces around it and `tel:`.
    let text: String
    /// Whether it was an address such as `tel:+34…`.
    let isAddress: Bool

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

    /// Marks of direction and joining, which are copied along with numbers and change nothing.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xAD, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// What is wrong with the writing itself, nil for nothing. The text has been taken apart already.
    func fault(_ number: borrowing NumberText) -> (PhoneReading.Refusal, String)? {
        if number.isPlain { return nil }
        if let digits = number.extensionDigits { return (.hasExtension, "the extension \(digits) cannot be sent to") }
        var body = Substring(text)
        if isAddress {
            body = body.dropFirst(4)
            if let semicolon = body.firstIndex(of: ";") {
                for parameter in body[semicolon...].split(separator: ";") {
                    guard parameter.hasPrefix("phone-context=") else {
                        return (.notANumber, "the parameter \(parameter) cannot be sent to")
                    }
                    guard parameter.hasPrefix("phone-context=+") || number.hasPlus else {
                        return (.noCountryCode, "a local number of \(parameter.dropFirst(14)); write it with a plus")
                    }
                }
                body = body[..<semicolon]
            }
        }
        if body.unicodeScalars.contains(where: \.properties.isAlphabetic) {
            return (.letters, number.isVanity ? "letters stand for digits in it; write the digits" : "letters in the number")
        }
        var plusIsOver = false
        for scalar in body.unicodeScalars {
            switch scalar.value {
            case 0x2B, 0xFF0B:
                if plusIsOver { return (.notANumber, "a plus inside the number") }
            case 0x20, 0x28, 0x29, 0xFF08, 0xFF09, 0x3000, 0xA0: continue
            case 0x2D...0x2F, 0x5B, 0x5D, 0x2010...0x2015, 0x2212, 0xFF0D...0xFF0F, 0xFF3B, 0xFF3D: plusIsOver = true
            default:
                guard NumberText.isDigit(scalar.value) else { return (.notANumber, "“\(scalar)” is in no number") }
                plusIsOver = true
            }
        }
        return nil
    }
}

/// What spreadsheets do to numbers.
enum SpreadsheetDamage {
    /// What happened, and the number that may have been meant, as it would be read without it; nil for no damage.
    static func found(in text: String) -> (reason: String, meant: String?)? {
        let bytes = Array(text.utf8.prefix(80))
        guard let first = bytes.first, let last = bytes.last else { return nil }
        if first == UInt8(ascii: "'") || first == UInt8(ascii: "=") || first == UInt8(ascii: "\"") {
            let meant = text.filter { !"'=\"".contains($0) }
            guard meant.contains(where: \.isNumber) else { return nil }
            return ("a spreadsheet's mark for text is in front of it; take it away", meant)
        }
        if first == UInt8(ascii: "#") { return ("a spreadsheet's error or a column too narrow for the number", nil) }
        if first == UInt8(ascii: "-") {
            return ("it begins with a minus: a spreadsheet has calculated with it; format the column as text", nil)
        }
        let mark = bytes.firstIndex { !isDigit($0) && $0 != UInt8(ascii: "+") }
        guard let mark, mark >= 1 else { return nil }
        let point = bytes[mark] == UInt8(ascii: ".") || bytes[mark] == UInt8(ascii: ",")
        let decimals = point ? bytes[(mark + 1)...].prefix(while: isDigit) : []
        let rest = bytes[(mark + (point ? 1 + decimals.count : 0))...]
        // 5,21555E+12: the last digits are gone for good.
        if rest.first.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            let exponent = rest.dropFirst().drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            if !exponent.isEmpty, exponent.allSatisfy(isDigit) {
                return (
                    "in scientific notation: a spreadsheet has dropped its last digits; format the column as text and export it again", nil
                )
            }
        }
        // 34612345678.0: a number with decimals. Three zeros may be a group of digits.
        if rest.isEmpty, last == UInt8(ascii: "0"), decimals.count == 1 || decimals.count == 2, decimals.allSatisfy({ $0 == last }),
            mark >= 7
        {
            return ("it ends in decimals: a spreadsheet took it for an amount; format the column as text", String(text.prefix(mark)))
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }
}
