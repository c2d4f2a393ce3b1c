/// What is wrong with a document, and where.
struct JSONProblem: Error, Equatable {
    var offset: Int
    var message: String
}

extension JSON {
    /// Reads a whole document, at most 64 levels deep.
    init(parsing bytes: [UInt8]) throws(JSONProblem) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.value(depth: 0)
        reader.skipSpace()
        if reader.position < bytes.count { throw reader.problem("text after the document") }
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    func problem(_ message: String) -> JSONProblem { JSONProblem(offset: position, message: message) }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func value(depth: Int) throws(JSONProblem) -> JSON {
        guard depth < 64 else { throw problem("nested too deep") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSON) throws(JSONProblem) -> JSON {
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count, (0..<length).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] }) else {
            throw problem("unknown word")
        }
        position += length
        return value
    }

    private mutating func number() throws(JSONProblem) -> JSON {
        let start = position
        while let byte = next, (48...57).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) { position += 1 }
        guard position > start else { throw problem("a value is expected") }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let number = Int(text) { return .int(number) }
        guard let number = Double(text), number.isFinite else { throw problem("bad number") }
        return .double(number)
    }

    private mutating func array(depth: Int) throws(JSONProblem) -> JSON {
        position += 1
        var elements: [JSON] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(elements)
            default: throw problem("`,` or `]` is expected")
            }
        }
    }

    private mutating func object(depth: Int) throws(JSONProblem) -> JSON {
        position += 1
        var members: [String: JSON] = [:]
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw problem("a name is expected") }
            let name = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw problem("`:` is expected") }
            position += 1
            members[name] = try value(depth: depth + 1)
            skipSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(members)
            default: throw problem("`,` or `}` is expected")
            }
        }
    }

    private mutating func string() throws(JSONProblem) -> String {
        position += 1
        let start = position
        while let byte = next, byte != 0x22, byte != 0x5C, byte >= 0x20 { position += 1 }
        guard next != 0x22 else {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var units = Array(String(decoding: bytes[start..<position], as: UTF8.self).utf16)
        while let byte = next {
            if byte == 0x22 {
                position += 1
                return String(decoding: units, as: UTF16.self)
            }
            guard byte >= 0x20 else { break }
            if byte == 0x5C {
                units.append(try escape())
            } else {
                let from = position
                while let byte = next, byte != 0x22, byte != 0x5C, byte >= 0x20 { position += 1 }
                units += String(decoding: bytes[from..<position], as: UTF8.self).utf16
            }
        }
        throw problem("the string does not end")
    }

    private mutating func escape() throws(JSONProblem) -> UInt16 {
        position += 1
        guard let byte = next else { throw problem("the string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case 0x22, 0x5C, UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count,
                let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
            else { throw problem("bad escape") }
            position += 4
            return unit
        default: throw problem("bad escape")
        }
    }
}
