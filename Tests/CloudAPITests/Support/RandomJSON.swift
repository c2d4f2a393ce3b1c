import TestSupport

@testable import CloudAPI

extension JSONValue {
    /// A random document of at most `depth` further levels.
    static func random(depth: Int, using random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .number(String(Int64.random(in: .min ... .max, using: &random)))
        case 3:
            .number(["0", "-0", "0.10", "1e5", "1E-7", "-73.980", "12345678901234567890123", "1e400"].randomElement(using: &random) ?? "0")
        case 4, 5: .string(text(using: &random))
        case 6: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in Self.random(depth: depth - 1, using: &random) })
        default:
            .object(
                JSONObject(
                    parsed: (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        // From few names, so that duplicates are met.
                        let name = Bool.random(using: &random) ? "k" : text(using: &random)
                        return JSONObject.Member(name: name, value: Self.random(depth: depth - 1, using: &random))
                    }))
        }
    }

    private static func text(using random: inout SeededRandom) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "\"", "\\", "/", "\u{0}", "\u{1}", "\n", "\r", "\t", "\u{1F}", "\u{7F}", "é", "\u{2028}", "한", "🔑", "\u{10FFFF}",
            "\u{FFFD}",
        ]
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...6, using: &random) { text.append(scalars.randomElement(using: &random) ?? "a") }
        return String(text)
    }
}
