import Crypto
import Foundation
import PhoneNumbers

/// Somebody on WhatsApp.
struct Person {
    var waID: String
    /// Business-scoped user id: the same for every business here, since the sandbox is one app's view.
    var userID: String
    var name: String
    /// Counts changes of identity: a new phone, a reinstalled app.
    var identity = 0
    var seed: PersonSeed?
}

extension Person {
    /// The hash of the current identity key, in the form Meta shows it.
    func identityHash(_ seed: UInt64) -> String {
        let digest = SHA256.hash(data: Data("\(seed):\(waID):\(identity)".utf8))
        return Data(digest.prefix(8)).base64EncodedString()
    }
}

/// How WhatsApp names a person for the number they were written to at; the documented national quirks.
enum WaID {
    static func of(_ digits: String) -> String {
        // Brazil: area codes from 31 on lost the ninth digit.
        if digits.hasPrefix("55"), digits.count == 13, let area = Int(digits.dropFirst(2).prefix(2)), area >= 31,
            digits.dropFirst(4).first == "9"
        {
            return String(digits.prefix(4) + digits.dropFirst(5))
        }
        // Mexico: 52 and ten digits is shown with the old mobile prefix.
        if digits.hasPrefix("52"), digits.count == 12 { return "521" + digits.dropFirst(2) }
        // Argentina: mobiles carry a 9.
        if digits.hasPrefix("54"), digits.count == 12, !digits.hasPrefix("549") { return "549" + digits.dropFirst(2) }
        return digits
    }

    /// The digits of `to`; nil when it is no number. `+ - ( )`, dots and spaces are taken out.
    static func digits(_ to: String) -> String? {
        guard to.utf8.count <= 64, to.allSatisfy({ ($0.isASCII && $0.isNumber) || "+-(). ".contains($0) }) else { return nil }
        let digits = to.filter { $0.isNumber }
        return (5...15).contains(digits.count) && digits.first != "0" ? digits : nil
    }

    static func userID(_ digits: String) -> String {
        let region = PhoneNumber(e164: "+" + digits)?.region ?? "XX"
        return "\(region).\(Seeded.hash(0, ["user", digits]))"
    }
}
