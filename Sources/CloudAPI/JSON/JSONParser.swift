/// What is wrong with a document, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Bytes from the start of the document.
    public var offset: Int
    public var message: String
    public var description: String { "not JSON: \(message) at byte \(offset)" }
}

/// A recursive reader over bytes. Invalid UTF-8 and lone surrogates become U+FFFD: a bad character must not lose a whole webhook.
struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var at = 0
    var depth = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    mutating func document() throws -> JSONValue {
        let value = try self.value()
        skipSpace()
        guard at == bytes.count else { throw problem("something follows the document") }
        return value
    }

    func problem(_ message: String) -> JSONError { JSONError(offset: at, message: message) }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 { at += 1 }
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        guard at < bytes.count else { throw problem("it ends too early") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw problem("a value was expected")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let matches = text.withUTF8Buffer { expected in bytes[at...].starts(with: expected) }
        guard matches else { throw problem("a value was expected") }
        at += text.utf8CodeUnitCount
        return value
    }

    private mutating func enter() throws {
        depth += 1
        guard depth <= maximumDepth else { throw problem("more than \(maximumDepth) levels deep") }
        at += 1
    }

    private mutating func object() throws -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var members: [JSONObject.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(JSONObject()) }
        while true {
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw problem("a member name was expected") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw problem("a colon was expected") }
            members.append(JSONObject.Member(name: name, value: try value()))
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "}")) { return .object(JSONObject(parsed: members)) }
            throw problem("a comma or a closing brace was expected")
        }
    }

    private mutating func array() throws -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            elements.append(try value())
            skipSpace()
            if take(UInt8(ascii: ",")) { continue }
            if take(UInt8(ascii: "]")) { return .array(elements) }
            throw problem("a comma or a closing bracket was expected")
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func number() throws -> String {
        let start = at
        _ = take(UInt8(ascii: "-"))
        let leading = at
        guard digits() else { throw problem("a digit was expected") }
        if bytes[leading] == UInt8(ascii: "0"), at - leading > 1 { throw problem("a number begins with 0") }
        if take(UInt8(ascii: ".")), !digits() { throw problem("a digit was expected") }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if !digits() { throw problem("a digit was expected") }
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func digits() -> Bool {
        let start = at
        while at < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[at]) { at += 1 }
        return at > start
    }
}

extension JSONParser {
    /// Reads a string from its opening quote. Control characters are taken as they are: some senders do not escape line breaks.
    fileprivate mutating func string() throws -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") { at += 1 }
        guard at < bytes.count else { throw problem("a string does not end") }
        if bytes[at] == UInt8(ascii: "\"") {
            defer { at += 1 }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }
        var text = Array(bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            default: text.append(byte)
            }
        }
        throw problem("a string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        guard at < bytes.count else { throw problem("a string does not end") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            var units = [unit]
            if (0xD800...0xDBFF).contains(unit), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") {
                let before = at
                at += 2
                let second = try codeUnit()
                if (0xDC00...0xDFFF).contains(second) { units.append(second) } else { at = before }
            }
            text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
        default: throw problem("an unknown escape")
        }
    }

    private mutating func codeUnit() throws -> UInt16 {
        guard at + 4 <= bytes.count else { throw problem("a string does not end") }
        var unit: UInt16 = 0
        for byte in bytes[at..<at + 4] {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { throw problem("four hexadecimal digits were expected") }
            unit = unit << 4 | UInt16(digit)
        }
        at += 4
        return unit
    }
}
