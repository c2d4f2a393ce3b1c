import CloudAPI
import Foundation

/// Unguessable tokens: 256 bits of the system's randomness, in letters that need no escaping.
enum RandomToken {
    static func make(prefix: String = "") -> Secret {
        var source = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }
        let text = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return Secret(prefix + text)
    }

    /// Whether a text can be a token at all; nothing else is hashed or looked up.
    static func isPlausible(_ text: String, prefix: String = "") -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + 43
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 95
            }
    }
}
