/// A recipient as a sender addresses them.
public struct RecipientKey: Hashable, Sendable {
    /// The sender's `phone_number_id`.
    public var phoneNumberID: String
    /// A number in E.164 (`+…`), or a `user_id` as Meta gave it.
    public var address: String

    public init(phoneNumberID: String, address: String) {
        self.phoneNumberID = phoneNumberID
        self.address = address
    }
}

/// An address taken apart for matching.
struct Address {
    /// E.164 or user id, as it was given.
    let text: String
    /// The digits of a number, then the other forms its `wa_id` may have; empty for a user id.
    let waIDs: [String]

    /// Nil when it can be neither.
    init?(_ text: String) {
        guard Bounds.fits(text) else { return nil }
        self.text = text
        if text.first == "+" {
            let digits = text.dropFirst()
            guard (4...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            waIDs = WaIDForms.of(digits: String(digits))
        } else {
            // Digits alone would be a number without its plus: not a user id, which begins with a country and a dot.
            guard text.utf8.contains(where: { !(0x30...0x39).contains($0) }) else { return nil }
            waIDs = []
        }
    }

    var isNumber: Bool { !waIDs.isEmpty }

    static func checked(_ text: String) throws -> Address {
        guard let address = Address(text) else {
            throw RecipientError(
                .badAddress,
                "\(text.prefix(70).debugDescription) is not a recipient; expected a number (+16315551234) or a user id (US.1349…)"
            )
        }
        return address
    }
}

/// What comes from outside is stored only within these bounds.
enum Bounds {
    /// 1 to 256 bytes without U+0000, which PostgreSQL cannot hold.
    static func fits(_ text: String) -> Bool { (1...256).contains(text.utf8.count) && !text.utf8.contains(0) }
}
