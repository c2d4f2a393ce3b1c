public import Crypto
import Foundation

/// A 256-bit key that seals stored secrets. Printing it prints its id only.
public struct MasterKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// First 8 hexadecimal digits of the SHA-256 of the key: names the key without telling it.
    public let id: String
    let key: SymmetricKey

    /// Takes 32 bytes. Throws `.badMasterKey` for any other number.
    public init(_ key: SymmetricKey) throws {
        guard key.bitCount == 256 else {
            throw CredentialError(.badMasterKey, "a master key has 32 bytes; this one has \(key.bitCount / 8)")
        }
        self.key = key
        id = key.withUnsafeBytes { SHA256.hash(data: $0) }.prefix(4).map(Self.hexadecimal).joined()
    }

    /// A new random key.
    public static func generate() -> MasterKey {
        let key = SymmetricKey(size: .bits256)
        let id = key.withUnsafeBytes { SHA256.hash(data: $0) }.prefix(4).map(hexadecimal).joined()
        return MasterKey(id: id, key: key)
    }

    private init(id: String, key: SymmetricKey) {
        self.id = id
        self.key = key
    }

    /// Reads base64 keys separated by commas or white space, newest first: the first one seals, all of them open.
    ///
    /// Throws `.badMasterKey`, naming `source` and what was found (a length), never the text.
    public static func list(base64 text: String, source: String) throws -> [MasterKey] {
        let parts = text.split { $0 == "," || $0.isWhitespace }
        guard !parts.isEmpty else {
            throw CredentialError(.badMasterKey, "\(source) is empty; expected 32 bytes in base64, as `openssl rand -base64 32` makes them")
        }
        return try parts.enumerated().map { position, part in
            let place = parts.count == 1 ? source : "key \(position + 1) of \(source)"
            guard let bytes = Data(base64Encoded: String(part)) else {
                throw CredentialError(
                    .badMasterKey,
                    "\(place) is not base64 (\(part.count) characters); expected 32 bytes, as `openssl rand -base64 32` makes them"
                )
            }
            guard bytes.count == 32 else {
                throw CredentialError(
                    .badMasterKey,
                    "\(place) holds \(bytes.count) bytes; expected 32 bytes in base64, as `openssl rand -base64 32` makes them")
            }
            return try MasterKey(SymmetricKey(data: bytes))
        }
    }

    /// The key as base64, for writing the key file.
    var base64: String { key.withUnsafeBytes { Data($0).base64EncodedString() } }

    public var description: String { "master key \(id)" }
    public var customMirror: Mirror { Mirror(self, children: ["id": id]) }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }
}
