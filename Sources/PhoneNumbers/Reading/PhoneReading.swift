/// What a raw number was read as, and by which rule.
public struct PhoneReading: Sendable, Equatable {
    public enum Status: String, Sendable { case ok, ambiguous, invalid }
    public enum Rule: String, Sendable {
        /// It had a plus.
        case international
        /// No plus and an explicit region.
        case region
        /// No plus, no region, and a single reading (or a stored `wa_id`).
        case onlyReading = "only_reading"
    }

    /// Why a number is refused.
    public enum Refusal: String, Sendable, CaseIterable {
        /// What a spreadsheet does to a number: digits, a plus or a zero are gone, or something was added.
        case spreadsheetDamage = "spreadsheet_damage"
        /// Letters, read as keys or not.
        case letters
        /// Digits dialled after the call is answered.
        case hasExtension = "extension"
        /// Other characters, or hardly any digits.
        case notANumber = "not_a_number"
        case unknownRegion = "unknown_region"
        case noCountryCode = "no_country_code"
        /// A service such as 112 or 55555.
        case shortCode = "short_code"
        /// Not enough digits, or too many.
        case length
        /// Possible, but not in the number plan, and without a plus.
        case notValid = "not_valid"
        /// More than one reading, or one that would be a guess.
        case ambiguous
    }

    /// As it was given.
    public var input: String
    public var status: Status
    /// Nil unless `status` is ok.
    public var e164: String?
    public var region: String?
    public var type: PhoneNumberType
    public var valid: Bool
    public var possible: Bool
    public var rule: Rule
    /// E.164 readings that were considered, none of which is sure.
    public var candidates: [String]
    /// Why it was refused, in plain words; nil when ok.
    public var reason: String?
    /// The same for programs.
    public var refusal: Refusal?
    /// What makes it a number that is refused for sending unless a setting allows it, in words: a call to it costs more than a usual one,
    /// or it is a freephone number of no country. Nil for all others, and where it is refused already.
    public var premiumKind: String?
}
