package import CloudAPI

/// Takes out of a text what must not be seen: the secrets of the settings, and whatever has the form of a token.
package struct Redactor: Sendable {
    static let mark = "[redacted]"
    /// Longest first, so that a secret within another does not leave a rest.
    private let secrets: [Secret]

    /// Secrets of fewer than 6 characters would tear words apart; they are left to the forms below.
    package init(secrets: [Secret] = []) {
        self.secrets = secrets.filter { $0.reveal().count >= 6 }.sorted { $0.reveal().count > $1.reveal().count }
    }

    package func redact(_ text: String) -> String {
        var text = text
        for secret in secrets where text.contains(secret.reveal()) { text = text.replacing(secret.reveal(), with: Self.mark) }
        for form in Self.forms where text.contains(form.opening) { text = form.redact(text) }
        return text
    }

    /// What a secret looks like: a few fixed characters, then the secret itself.
    private struct Form: Sendable {
        var opening: String
        /// Shorter words after the opening are not secrets.
        var shortest: Int
        /// Whether the opening is part of the secret.
        var includesOpening: Bool

        func redact(_ text: String) -> String {
            var result = ""
            var rest = text[...]
            while let found = rest.firstRange(of: opening) {
                let end = rest[found.upperBound...].firstIndex { !Self.isOfToken($0) } ?? rest.endIndex
                let length = rest.distance(from: found.upperBound, to: end)
                result += rest[..<(includesOpening ? found.lowerBound : found.upperBound)]
                if length >= shortest {
                    result += Redactor.mark
                } else {
                    result += rest[(includesOpening ? found.lowerBound : found.upperBound)..<end]
                }
                rest = rest[end...]
            }
            return result + rest
        }

        private static func isOfToken(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber || "-._~+/=%|".contains(character))
        }
    }

    private static let forms = [
        Form(opening: "Bearer ", shortest: 4, includesOpening: false), Form(opening: "bearer ", shortest: 4, includesOpening: false),
        Form(opening: "access_token=", shortest: 1, includesOpening: false),
        Form(opening: "input_token=", shortest: 1, includesOpening: false),
        Form(opening: "password=", shortest: 1, includesOpening: false),
        Form(opening: "hub.verify_token=", shortest: 1, includesOpening: false),
        Form(opening: "EAA", shortest: 20, includesOpening: true), Form(opening: "rlv_", shortest: 20, includesOpening: true),
        Form(opening: "/code/", shortest: 20, includesOpening: false),
    ]
}
