/// A text taken apart as libphonenumber does it: what is no part of a number is dropped from around it, an extension from its end, and letters
/// are read as the keys of a telephone.
///
/// It says what it dropped, for those who must not guess.
struct NumberText: ~Copyable {
    enum Failure: Error, Equatable {
        /// Fewer than three digits, or characters among them that no number has.
        case notANumber
        /// More than 250 characters, or more digits than any number has.
        case tooLong
    }

    /// Longest text looked at, in Unicode scalars.
    static let longest = 250

    var hasPlus = false
    var digits = Digits()
    /// The digits of an extension.
    var extensionDigits: String?
    /// Whether three letters or more were read as keys.
    var isVanity = false
    /// Whether it was nothing but ASCII digits, a plus before them, and separators.
    var isPlain = true

    /// Takes UTF-8 apart. Throws `Failure`.
    init(_ utf8: UnsafeBufferPointer<UInt8>) throws(Failure) {
        if utf8.count <= Self.longest, try readPlain(utf8) { return }
        isPlain = false
        hasPlus = false
        digits = Digits()
        // No scalar takes more than four bytes.
        guard utf8.count <= Self.longest * 4 else { throw .tooLong }
        var scalars: [UInt32] = []
        scalars.reserveCapacity(min(utf8.count, Self.longest))
        for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
            guard scalars.count < Self.longest else { throw .tooLong }
            scalars.append(scalar.value)
        }
        try read(scalars[...])
    }

    /// Reads a text of digits, pluses before them, and the usual separators. False where it has anything else.
    @inline(__always)
    private mutating func readPlain(_ utf8: UnsafeBufferPointer<UInt8>) throws(Failure) -> Bool {
        var (fits, firstDigit, lastDigit, afterPlus) = (true, 0, 0, false)
        for (index, byte) in utf8.enumerated() {
            let digit = byte &- 48
            if digit < 10 {
                fits = digits.append(digit) && fits
                if digits.count == 1 { firstDigit = index }
                lastDigit = index
                continue
            }
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "/"):
                afterPlus = hasPlus
            case UInt8(ascii: "+"):
                // A plus after a separator or digit is no beginning.
                guard digits.isEmpty, !afterPlus else { return false }
                hasPlus = true
            default:
                return false
            }
        }
        guard fits else { throw .tooLong }
        guard digits.count >= 3 || digits.count == 2 && !hasPlus && lastDigit == firstDigit + 1 else { throw .notANumber }
        return true
    }
}

// What cannot be read at a glance: other scripts, extensions, letters, `tel:` addresses and everything that is no number.
extension NumberText {
    private typealias Text = ArraySlice<UInt32>

    private mutating func read(_ text: ArraySlice<UInt32>) throws(Failure) {
        var number = try Self.candidate(in: text)
        guard Self.isViable(number) else { throw .notANumber }
        if Self.mayEndInExtension(number),
            let label = number.indices.first(where: {
                Self.extensionEnd(number, from: $0) != nil && Self.isViable(number[..<$0])
            })
        {
            extensionDigits = Self.digits(of: number[label...])
            number = number[..<label]
        }
        while let first = number.first, Self.isPlus(first) {
            hasPlus = true
            number = number.dropFirst()
        }
        isVanity = number.count(where: Self.isLetter) >= 3
        var fits = true
        for character in number {
            // Among letters only ASCII digits count.
            if isVanity, let key = Self.key(character) {
                fits = digits.append(key) && fits
            } else if let digit = Self.digit(character), !isVanity || character < 128 {
                fits = digits.append(digit) && fits
            }
        }
        guard fits else { throw .tooLong }
    }

    /// The part of a text that may be a number. Throws for a `phone-context` that RFC 3966 does not know.
    private static func candidate(in text: Text) throws(Failure) -> Text {
        var number: Text
        if let start = text.firstIndex(of: ";phone-context=") {
            let rest = text[(start + ";phone-context=".count)...]
            let context = rest[..<(rest.firstIndex(of: UInt32(ascii: ";")) ?? rest.endIndex)]
            guard isGlobalNumber(context) || isDomainName(context) else { throw .notANumber }
            let from = text.firstIndex(of: "tel:").map { $0 + 4 } ?? text.startIndex
            let national = from < start ? text[from..<start] : []
            number = context.first == UInt32(ascii: "+") ? (context + national)[...] : national
        } else {
            guard let start = text.firstIndex(where: { isPlus($0) || isDigit($0) }) else { throw .notANumber }
            number = text[start...]
            while let last = number.last, last == UInt32(ascii: "_") || last != UInt32(ascii: "#") && !isWord(last) { number.removeLast() }
            // A second number, as in `302/x303`, is not part of the first.
            if let second = number.indices.first(where: { isSecondNumber(number[$0...]) }) { number = number[..<second] }
        }
        if let subaddress = number.firstIndex(of: ";isub="), subaddress > number.startIndex { number = number[..<subaddress] }
        return number
    }

    private static func isSecondNumber(_ text: Text) -> Bool {
        guard text.first == UInt32(ascii: "/") || text.first == UInt32(ascii: "\\") else { return false }
        return text.dropFirst().drop { $0 == UInt32(ascii: " ") }.first == UInt32(ascii: "x")
    }

    /// Two digits; or pluses, then at least three digits with punctuation between, then letters too, then perhaps an extension.
    private static func isViable(_ text: Text) -> Bool {
        if text.count == 2, text.allSatisfy(isDigit) { return true }
        var index = text.drop(while: isPlus).startIndex
        var digits = 0
        while digits < 3 {
            guard index < text.endIndex else { return false }
            if isDigit(text[index]) {
                digits += 1
            } else if !isPunctuation(text[index]) && text[index] != UInt32(ascii: "*") {
                return false
            }
            index += 1
        }
        let mayEnd = mayEndInExtension(text)
        while true {
            if index == text.endIndex || mayEnd && extensionEnd(text, from: index) != nil { return true }
            let character = text[index]
            guard isDigit(character) || isPunctuation(character) || character == UInt32(ascii: "*") || isLetter(character) else {
                return false
            }
            index += 1
        }
    }

    /// Asked before every place is tried: 250 places in each of 250 beginnings of a text would be a millisecond and more.
    private static func mayEndInExtension(_ text: Text) -> Bool { text.last.map { isDigit($0) || $0 == 0x23 } ?? false }

    /// Where the digits of an extension begin, if all of the text from an index on is one.
    private static func extensionEnd(_ text: Text, from start: Int) -> Int? {
        func after(_ index: Int) -> Int {
            var index = index
            if index < text.endIndex, [0x3A, 0x2E, 0xFF0E].contains(text[index]) { index += 1 }
            while index < text.endIndex, isLabelSpace(text[index]) || text[index] == 0x2C || text[index] == 0x2D { index += 1 }
            return index
        }
        /// Digits to the end, with a `#` after them where it may or must be.
        func closes(_ index: Int, _ most: Int, mark: Bool? = nil) -> Int? {
            var end = text.endIndex
            let marked = end > index && text[end - 1] == 0x23
            if let mark, mark != marked { return nil }
            if marked { end -= 1 }
            return end > index && end - index <= most && text[index..<end].allSatisfy(isDigit) ? index : nil
        }

        let rest = text[start...]
        if rest.hasPrefix(";ext="), let end = closes(start + 5, 20, mark: false) { return end }
        var index = start
        while index < text.endIndex, isLabelSpace(text[index]) { index += 1 }
        // A semicolon or commas, as telephones dial them.
        if text[index...].hasPrefix(",,"), let end = closes(after(index + 2), 15) { return end }
        if text[index...].hasPrefix(";"), let end = closes(after(index + 1), 15) { return end }
        let commas = text[index...].prefix { $0 == 0x2C }.count
        if commas > 0, let end = closes(after(index + commas), 9) { return end }
        while index < text.endIndex, isLabelSpace(text[index]) || text[index] == 0x2C { index += 1 }
        if let length = explicitLabel(text[index...]), let end = closes(after(index + length), 20) { return end }
        if let length = ambiguousLabel(text[index...]), let end = closes(after(index + length), 9) { return end }
        // An American one, as in `- 503#`.
        let dashes = rest.prefix { $0 == 0x2D || $0 == 0x20 }.count
        return dashes > 0 ? closes(start + dashes, 6, mark: true) : nil
    }

    /// The length of `ext`, `extension` and the like.
    private static func explicitLabel(_ text: Text) -> Int? {
        let folded = text.prefix(12).map(folded)
        for label in ["доб", "anexo"] where folded.starts(with: label.unicodeScalars.map(\.value)) { return label.unicodeScalars.count }
        var index = 0
        func take(_ scalar: UInt32) -> Bool {
            guard index < folded.count, folded[index] == scalar else { return false }
            index += 1
            return true
        }
        _ = take(0x65)
        if take(0x78), take(0x74) {
            if folded[index...].starts(with: "ensi".unicodeScalars.map(\.value)) {
                index += 4
                if take(0x6F) { _ = take(0x301) } else { _ = take(0xF3) }
            }
            _ = take(0x6E)
            return index
        }
        index = 0
        _ = take(0xFF45)
        guard take(0xFF58), take(0xFF54) else { return nil }
        _ = take(0xFF4E)
        return index
    }

    /// The length of one sign, or of `int`.
    private static func ambiguousLabel(_ text: Text) -> Int? {
        let folded = text.prefix(3).map(folded)
        guard let first = folded.first else { return nil }
        if [0x78, 0xFF58, 0x23, 0xFF03, 0x7E, 0xFF5E].contains(first) { return 1 }
        return folded == [0x69, 0x6E, 0x74] || folded == [0xFF49, 0xFF4E, 0xFF54] ? 3 : nil
    }

    private static func digits(of text: Text) -> String {
        String(String.UnicodeScalarView(text.compactMap(digit).map { Unicode.Scalar($0 + 48) }))
    }

    /// `+` and digits with visual separators, as RFC 3966 has them.
    private static func isGlobalNumber(_ text: Text) -> Bool {
        text.first == UInt32(ascii: "+") && text.dropFirst().contains(where: isDigit)
            && text.dropFirst().allSatisfy { isDigit($0) || [0x2D, 0x2E, 0x28, 0x29].contains($0) }
    }

    /// Labels of letters, digits and hyphens inside, the last begun by a letter, as RFC 3966 has them.
    private static func isDomainName(_ text: Text) -> Bool {
        let name = text.last == 0x2E ? text.dropLast() : text
        let labels = name.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard let top = labels.last, let first = top.first, isLetter(first) else { return false }
        return labels.allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            return first != 0x2D && last != 0x2D && label.allSatisfy { isLetter($0) || isDigit($0) || $0 == 0x2D }
        }
    }

    // MARK: Characters

    private static func isPlus(_ c: UInt32) -> Bool { c == 0x2B || c == 0xFF0B }
    private static func isLetter(_ c: UInt32) -> Bool { (0x41...0x5A).contains(c & ~0x20) && c < 128 }
    private static func isLabelSpace(_ c: UInt32) -> Bool { c == 0x20 || c == 0xA0 || c == 0x09 }
    static func isDigit(_ c: UInt32) -> Bool { digit(c) != nil }

    /// Punctuation that libphonenumber allows inside a number.
    private static func isPunctuation(_ c: UInt32) -> Bool {
        switch c {
        case 0x20, 0x28, 0x29, 0x2D, 0x2E, 0x2F, 0x58, 0x5B, 0x5D, 0x78, 0x7E, 0xA0, 0xAD, 0x200B, 0x2010...0x2015, 0x2053, 0x2060, 0x2212,
            0x223C, 0x3000, 0x30FC, 0xFF08, 0xFF09, 0xFF0D...0xFF0F, 0xFF3B, 0xFF3D, 0xFF5E:
            true
        default: false
        }
    }

    /// The value of a decimal digit of any script.
    static func digit(_ c: UInt32) -> UInt8? {
        if c < 128 { return (48...57).contains(c) ? UInt8(c - 48) : nil }
        guard let scalar = Unicode.Scalar(c), scalar.properties.generalCategory == .decimalNumber,
            let value = scalar.properties.numericValue
        else { return nil }
        return UInt8(value)
    }

    /// The telephone key of a letter (ITU-T E.161).
    private static func key(_ c: UInt32) -> UInt8? {
        guard isLetter(c) else { return nil }
        let keys: StaticString = "22233344455566677778889999"
        return keys.utf8Start[Int((c & ~0x20) - 0x41)] - 48
    }

    private static func isWord(_ c: UInt32) -> Bool {
        switch Unicode.Scalar(c)?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber,
            .otherNumber:
            true
        default: c == 0x5F
        }
    }

    /// The small form of the letters that labels of extensions are written with.
    private static func folded(_ c: UInt32) -> UInt32 {
        switch c {
        case 0x41...0x5A, 0xC0...0xDE, 0x410...0x42F, 0xFF21...0xFF3A: c + 0x20
        default: c
        }
    }
}

extension UInt32 {
    fileprivate init(ascii: Unicode.Scalar) { self = ascii.value }
}

extension ArraySlice<UInt32> {
    fileprivate func hasPrefix(_ text: String) -> Bool { starts(with: text.unicodeScalars.lazy.map(\.value)) }
    fileprivate func firstIndex(of text: String) -> Int? { indices.first { self[$0...].hasPrefix(text) } }
}
