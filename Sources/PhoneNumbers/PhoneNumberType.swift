/// What a number is for, as far as its digits tell.
public enum PhoneNumberType: String, Codable, Sendable, CaseIterable {
    case mobile, voip, personal, pager, uan, voicemail, unknown
    case fixedLine = "fixed_line"
    case fixedLineOrMobile = "fixed_line_or_mobile"
    case tollFree = "toll_free"
    case premiumRate = "premium_rate"
    case sharedCost = "shared_cost"

    /// The place in `TYPES` of `plan.py`.
    init(index: UInt16) {
        switch index {
        case 1: self = .premiumRate
        case 2: self = .tollFree
        case 3: self = .sharedCost
        case 4: self = .voip
        case 5: self = .personal
        case 6: self = .pager
        case 7: self = .uan
        case 8: self = .voicemail
        case 9: self = .fixedLine
        case 10: self = .mobile
        case 11: self = .fixedLineOrMobile
        default: self = .unknown
        }
    }
}
