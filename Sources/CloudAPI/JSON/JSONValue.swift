public import Foundation

/// A JSON document as it was written: members keep their order and numbers their spelling.
///
/// Meta's payloads change shape without notice, so everything Relevo does not need stays in this form and can be stored and passed on.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// The literal as written, such as `-73.98` or `12345678901234567890`.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Reads a whole document. Throws `JSONError` with the byte offset of what is wrong. At most `depth` levels deep.
    public init(parsing bytes: some Sequence<UInt8>, depth: Int = 64) throws {
        var parser = JSONParser(bytes: Array(bytes), maximumDepth: depth)
        self = try parser.document()
    }

    /// Member of an object; nil when absent, not an object, or `null`: Meta treats `null` as absent.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let object) = self, let value = object[key], value != .null else { return nil }
        return value
    }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    public var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    public var isNull: Bool { self == .null }

    /// The string; nil for anything else.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// A string, or a number as written: ids come in both forms.
    public var text: String? {
        switch self {
        case .string(let text): text
        case .number(let literal): literal
        default: nil
        }
    }

    /// An integer, or a string that spells one: error codes and timestamps come in both forms.
    public var integer: Int? {
        guard let text else { return nil }
        if let value = Int(text) { return value }
        guard let value = Double(text), value.rounded() == value, abs(value) < 9e15 else { return nil }
        return Int(value)
    }

    public var double: Double? { text.flatMap(Double.init) }

    /// A boolean, or the strings `true` and `false`.
    public var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    /// Compact JSON text.
    public func encoded() -> Data { Data(bytes(JSONWriter.Style())) }

    /// Compact JSON text that PostgreSQL's `jsonb` takes: U+0000 is replaced by U+FFFD.
    public func storableText() -> String { String(decoding: bytes(JSONWriter.Style(replacesNUL: true)), as: UTF8.self) }

    /// JSON text with sorted members: equal for documents that mean the same, whatever the order of their members.
    public func canonical() -> Data { Data(bytes(JSONWriter.Style(sortsKeys: true))) }

    /// Whether any string or member name holds U+0000.
    public var holdsNUL: Bool {
        switch self {
        case .null, .bool, .number: false
        case .string(let text): text.utf8.contains(0)
        case .array(let elements): elements.contains { $0.holdsNUL }
        case .object(let object): object.members.contains { $0.name.utf8.contains(0) || $0.value.holdsNUL }
        }
    }

    private func bytes(_ style: JSONWriter.Style) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.write(self)
        return writer.bytes
    }
}

/// The members of a JSON object in their order. Of members with the same name the last counts, as in JavaScript.
public struct JSONObject: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSONValue
    }

    public private(set) var members: [Member]

    public init() { members = [] }

    init(parsed members: [Member]) { self.members = members }

    public var isEmpty: Bool { members.isEmpty }
    public var names: [String] { members.map(\.name) }

    public subscript(name: String) -> JSONValue? {
        get { members.last { $0.name == name }?.value }
        set {
            let position = members.lastIndex { $0.name == name }
            if let newValue {
                if let position { members[position].value = newValue } else { members.append(Member(name: name, value: newValue)) }
            } else {
                members.removeAll { $0.name == name }
            }
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        members = elements.map { Member(name: $0.0, value: $0.1) }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int) { self = .number(String(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(parsed: elements.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }
    public init(nilLiteral: ()) { self = .null }
    public init(_ value: Int) { self = .number(String(value)) }
}
