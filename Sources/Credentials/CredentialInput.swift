import CloudAPI

/// Checks what people give before it is stored.
enum CredentialInput {
    static func name(_ text: String) throws -> String {
        let fits = !text.isEmpty && text.utf8.count <= 100
        guard fits, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw CredentialError(.badValue, "a credential's name has 1 to 100 bytes and no control characters")
        }
        return text
    }

    /// A token as it goes into an `Authorization` header: white space around it (a file's last line break) is dropped.
    static func token(_ secret: Secret) throws -> Secret {
        let text = secret.reveal()
        let trimmed = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        guard !trimmed.isEmpty else { throw CredentialError(.badValue, "the token is empty") }
        guard trimmed.count <= 4096 else { throw CredentialError(.badValue, "the token is longer than 4096 characters") }
        guard trimmed.allSatisfy({ $0.isASCII && ($0.asciiValue ?? 0) > 0x20 && $0.asciiValue != 0x7F }) else {
            throw CredentialError(
                .badValue, "the token holds white space, control or non-ASCII characters; expected one access token and nothing else")
        }
        return Secret(String(trimmed))
    }

    static func wabas(_ ids: [String]) throws -> [String] {
        for id in ids {
            guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw CredentialError(.badValue, "\(id.prefix(70).debugDescription) is not a WABA id; expected digits")
            }
        }
        return Set(ids).sorted()
    }
}
