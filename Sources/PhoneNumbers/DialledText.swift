/// The digits somebody wrote, with or without a plus.
struct DialledText {
    var hasPlus = false
    var digits: [UInt8] = []

    /// Why a text is no number.
    struct Unreadable: Error {
        var reason: String
    }

    /// Longest input looked at, in characters.
    static let longest = 64

    /// Throws `Unreadable` for letters, extensions, too long texts and anything that is not a way to write a number.
    init(_ raw: String) throws(Unreadable) {
        guard raw.count <= Self.longest else { throw Unreadable(reason: "longer than \(Self.longest) characters") }
        var text = raw[...]
        if text.lowercased().hasPrefix("tel:") { text = text.dropFirst(4) }
        var context: Substring?
        if let semicolon = text.firstIndex(of: ";") {
            for parameter in text[text.index(after: semicolon)...].split(separator: ";") {
                let pair = parameter.split(separator: "=", maxSplits: 1)
                if pair.first?.lowercased() == "phone-context", pair.count == 2, pair[1].hasPrefix("+") {
                    context = pair[1]
                } else if pair.first?.lowercased() == "ext" {
                    throw Unreadable(reason: "an extension cannot be sent to")
                }
            }
            text = text[..<semicolon]
        }
        if let context, !text.contains("+") { text = context + text }
        for character in text {
            if let digit = Self.digit(character) {
                digits.append(digit)
                continue
            }
            switch character {
            case "+", "\u{FF0B}":
                guard digits.isEmpty, !hasPlus else { throw Unreadable(reason: "a plus inside the number") }
                hasPlus = true
            case _ where character.isWhitespace, "-", ".", "(", ")", "/", "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}",
                "\u{2212}",
                "\u{FF0D}", "\u{FF08}", "\u{FF09}", "\u{FF0E}", "\u{200B}", "\u{200E}", "\u{200F}", "\u{202A}", "\u{202C}", "\u{2060}",
                "\u{FEFF}":
                continue
            case "x", "X", "#":
                throw Unreadable(reason: "an extension cannot be sent to")
            case _ where character.isLetter:
                throw Unreadable(reason: "letters in the number")
            default:
                throw Unreadable(reason: "a character that no number has")
            }
        }
        guard !digits.isEmpty else { throw Unreadable(reason: "no digits") }
        guard digits.count <= 24 else { throw Unreadable(reason: "too many digits") }
    }

    /// The value of a decimal digit of any script.
    private static func digit(_ character: Character) -> UInt8? {
        guard character.unicodeScalars.count == 1, let scalar = character.unicodeScalars.first,
            scalar.properties.generalCategory == .decimalNumber, let value = scalar.properties.numericValue
        else { return nil }
        return UInt8(value)
    }
}
