public import CloudAPI
import Crypto
public import Foundation

/// SHA-256 of a random secret, such as an API key: what is stored of it. Not for passwords, which people choose.
public struct SecretHash: Sendable, Equatable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: Data

    /// Hashes a secret.
    public init(of secret: Secret) { bytes = Data(SHA256.hash(data: Data(secret.reveal().utf8))) }

    /// Takes a stored hash; nil unless it has 32 bytes.
    public init?(bytes: Data) {
        guard bytes.count == SHA256.byteCount else { return nil }
        self.bytes = Data(bytes)
    }

    /// Whether it is the hash of this secret; takes the same time wherever they differ.
    public func matches(_ secret: Secret) -> Bool { self == SecretHash(of: secret) }

    /// Takes the same time wherever the two differ.
    public static func == (left: SecretHash, right: SecretHash) -> Bool {
        var difference: UInt8 = 0
        for (one, other) in zip(left.bytes, right.bytes) { difference |= one ^ other }
        return difference == 0
    }

    public var description: String { "[redacted]" }
}
