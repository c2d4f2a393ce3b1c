/// What a number is for, as far as its digits tell.
public enum PhoneNumberType: String, Codable, Sendable, CaseIterable {
    case mobile, voip, personal, pager, uan, voicemail, unknown
    case fixedLine = "fixed_line"
    case fixedLineOrMobile = "fixed_line_or_mobile"
    case tollFree = "toll_free"
    case premiumRate = "premium_rate"
    case sharedCost = "shared_cost"
}
