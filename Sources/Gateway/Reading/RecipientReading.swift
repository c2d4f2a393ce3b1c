import Foundation
import PhoneNumbers

/// Whom a message goes to, and how that was found out.
struct RecipientReading: Sendable {
    var raw: String
    var e164: String?
    var userID: String?
    /// E.164, or the user id.
    var address: String
    var rule: String?
    var isValid: Bool?
    var metadata: String?

    init(userID: String) {
        raw = userID
        self.userID = userID
        address = userID
    }

    /// Reads a number by the design's rules; one that has more than one reading, or none, is refused with its candidates.
    init(
        number raw: String, region: String?, country: String?, allowsPremium: Bool = false, isKnown: (String) -> Bool
    ) throws(GatewayRefusal) {
        let reading = PhoneNumberReader.read(raw, region: region, senderCountry: country, knownWaID: isKnown)
        guard reading.status == .ok, let e164 = reading.e164 else {
            let reason = reading.reason ?? "not a phone number"
            let readings = reading.candidates.isEmpty ? "" : " (it could be \(reading.candidates.joined(separator: " or ")))"
            throw .badValue("to is \(raw.quoted): \(reason)\(readings)", candidates: reading.candidates)
        }
        if let kind = reading.premiumKind, !allowsPremium {
            throw .badValue("to is \(raw.quoted): \(e164) is \(kind); it is sent to only with RELEVO_ALLOW_PREMIUM_NUMBERS=true")
        }
        self.raw = raw
        self.e164 = e164
        address = e164
        rule = reading.rule.rawValue
        isValid = reading.valid
        metadata = PhoneNumber.metadataVersion
    }

    /// Whether a number was written with a plus, of either width.
    static func hasPlus(_ raw: String) -> Bool { raw.contains("+") || raw.contains("\u{FF0B}") }

    /// The digits of a number, which may be a `wa_id` as Meta gave it; nil when it has others than those of a number.
    static func digits(_ raw: String) -> String? {
        // Some characters, such as a ten in a circle, are numbers and no digits: they are for the reader to refuse.
        let digits = raw.compactMap { $0.wholeNumberValue }
        guard !digits.isEmpty, digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        return digits.map(String.init).joined()
    }
}
