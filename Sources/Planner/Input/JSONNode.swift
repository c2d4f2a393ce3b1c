import Foundation

/// Any JSON, so that a wrong setting can be shown as it was found.
enum JSONNode: Decodable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONNode])
    case object([String: JSONNode])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSONNode].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSONNode].self))
        }
    }

    /// Nil when the bytes are not JSON.
    init?(_ bytes: [UInt8]) {
        guard let node = try? JSONDecoder().decode(JSONNode.self, from: Data(bytes)) else { return nil }
        self = node
    }

    /// For an error message: one line, short.
    var shown: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .number(let number): PlanJSON.number(number)
        case .text(let text): PlanJSON.quote(String(text.prefix(60)))
        case .list(let list): "[" + list.prefix(8).map(\.shown).joined(separator: ",") + (list.count > 8 ? ",…]" : "]")
        case .object(let members): "an object with \(members.count) members"
        }
    }
}

/// Pieces of JSON text, always written the same way.
enum PlanJSON {
    static func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    static func quote(_ text: String?) -> String { text.map { quote($0) } ?? "null" }

    /// Whole numbers without a fraction.
    static func number(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)" }

    static func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }
}
