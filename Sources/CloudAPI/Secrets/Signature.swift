import Crypto
import Foundation

/// The signature of a webhook body: `sha256=` and the HMAC-SHA256, in hexadecimal, of the raw bytes under the app secret.
///
/// Header `X-Hub-Signature-256`. It is checked on the bytes as they arrived, before any decoding: Meta escapes some characters, and a
/// body that was parsed and written again does not verify.
public enum Signature {
    public static let headerName = "X-Hub-Signature-256"

    /// The header value for a body.
    public static func sign(_ body: some Sequence<UInt8>, secret: Secret) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(body), using: key(secret))
        return "sha256=" + code.map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
    }

    /// Whether the header value belongs to the body. `false` for a missing prefix, a wrong length or anything that is not hexadecimal.
    /// The comparison takes the same time wherever the two differ.
    public static func verify(_ header: String?, body: some Sequence<UInt8>, secret: Secret) -> Bool {
        guard let header, !secret.isEmpty, let code = bytes(ofHeader: header) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Data(body), using: key(secret))
    }

    private static func key(_ secret: Secret) -> SymmetricKey { SymmetricKey(data: Array(secret.reveal().utf8)) }

    private static func bytes(ofHeader header: String) -> [UInt8]? {
        let text = header.utf8
        guard text.count == 71, header.lowercased().hasPrefix("sha256=") else { return nil }
        var result: [UInt8] = []
        var high: UInt8?
        for digit in text.dropFirst(7) {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            if let h = high {
                result.append(h << 4 | UInt8(value))
                high = nil
            } else {
                high = UInt8(value)
            }
        }
        return result
    }
}
