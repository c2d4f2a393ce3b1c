public import CloudAPI
import Crypto
public import Foundation

/// Seals secrets with AES-256-GCM. Several master keys can open, the newest seals.
///
/// Sealed form: format byte 1, key id (4 bytes), nonce (12), ciphertext, tag (16). The head and the binding are authenticated with it.
public struct Vault: Sendable {
    private static let format: UInt8 = 1
    private static let headLength = 5
    private let sealing: MasterKey
    private let byID: [String: MasterKey]

    /// Takes the keys newest first. Throws `.badMasterKey` when there is none.
    public init(keys: [MasterKey]) throws {
        guard let first = keys.first else { throw CredentialError(.badMasterKey, "a vault needs at least one master key") }
        sealing = first
        byID = Dictionary(keys.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The id of the key that seals.
    public var keyID: String { sealing.id }
    /// The ids of every key that can open, sorted.
    public var keyIDs: [String] { byID.keys.sorted() }

    /// Seals a secret for one place.
    /// - Parameter place: names where it is stored (table, row, column); opening needs the same text.
    public func seal(_ secret: Secret, for place: String) throws -> Data {
        let head = [Self.format] + Self.bytes(of: sealing.id)
        let box = try AES.GCM.seal(Data(secret.reveal().utf8), using: sealing.key, authenticating: Self.associated(head, place))
        guard let combined = box.combined else { throw CredentialError(.damaged, "the cipher gave no output for \(place)") }
        return Data(head) + combined
    }

    /// Opens what `seal` made for the same place. Throws `.unknownKey` or `.damaged`.
    public func open(_ sealed: Data, for place: String) throws -> Secret {
        let id = try Self.keyID(of: sealed, for: place)
        guard let key = byID[id] else {
            throw CredentialError(
                .unknownKey,
                """
                \(place) is sealed under master key \(id), which is not here (present: \(keyIDs.joined(separator: ", "))); \
                give every machine the same RELEVO_MASTER_KEY, and after a rotation keep the old key behind the new one, after a comma
                """)
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst(Self.headLength))
            let head = [UInt8](sealed.prefix(Self.headLength))
            let plain = try AES.GCM.open(box, using: key.key, authenticating: Self.associated(head, place))
            return Secret(String(decoding: plain, as: UTF8.self))
        } catch {
            throw CredentialError(.damaged, "\(place) does not open under its master key \(id): the stored bytes were changed or moved")
        }
    }

    /// The id of the key that a sealed value needs. Throws `.damaged`.
    public static func keyID(of sealed: Data, for place: String) throws -> String {
        guard sealed.count >= headLength + 28, sealed.first == format else {
            throw CredentialError(.damaged, "\(place) does not hold a sealed secret")
        }
        return sealed.dropFirst().prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether a sealed value should be sealed again because a newer key is in use.
    public func isOutdated(_ sealed: Data) -> Bool { (try? Self.keyID(of: sealed, for: "")) != keyID }

    private static func associated(_ head: [UInt8], _ place: String) -> Data { Data(head) + Data(place.utf8) }

    private static func bytes(of id: String) -> [UInt8] {
        stride(from: 0, to: 8, by: 2).compactMap { offset in
            UInt8(id.dropFirst(offset).prefix(2), radix: 16)
        }
    }
}
