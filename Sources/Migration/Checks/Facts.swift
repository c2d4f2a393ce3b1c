/// What Meta says about a number. A field Meta left out, or would not tell, is nil: unknown, never "fine".
public struct NumberFacts: Codable, Sendable, Equatable {
    /// The phone number id.
    public var id: String
    /// Digits of `display_phone_number`, whatever its format.
    public var digits: String
    /// `CONNECTED`, `PENDING`, `MIGRATED`, …: an open set, upper case.
    public var status: String?
    public var nameStatus: String?
    public var newNameStatus: String?
    /// `CLOUD_API`, `ON_PREMISE`, `NOT_APPLICABLE`.
    public var platformType: String?
    public var isOnBusinessApp: Bool?
    /// Two-step verification.
    public var isPINEnabled: Bool?
    /// `LIVE` or `SANDBOX`; a test number cannot move.
    public var accountMode: String?
    /// `VERIFIED`, `NOT_VERIFIED`, `EXPIRED`.
    public var codeVerificationStatus: String?

    public init(
        id: String, displayNumber: String, status: String? = nil, nameStatus: String? = nil, newNameStatus: String? = nil,
        platformType: String? = nil, isOnBusinessApp: Bool? = nil, isPINEnabled: Bool? = nil, accountMode: String? = nil,
        codeVerificationStatus: String? = nil
    ) {
        self.id = id
        digits = displayNumber.filter { $0.isASCII && $0.isNumber }
        self.status = status?.uppercased()
        self.nameStatus = nameStatus?.uppercased()
        self.newNameStatus = newNameStatus?.uppercased()
        self.platformType = platformType?.uppercased()
        self.isOnBusinessApp = isOnBusinessApp
        self.isPINEnabled = isPINEnabled
        self.accountMode = accountMode?.uppercased()
        self.codeVerificationStatus = codeVerificationStatus?.uppercased()
    }

    /// Whether the number can send on Cloud API from this WABA.
    public var isConnected: Bool { status == "CONNECTED" && platformType != "ON_PREMISE" }
    /// Whether the number provably was not registered: Meta names a state that only an unregistered number has.
    public var isProvablyUnregistered: Bool {
        guard let status else { return false }
        return ["PENDING", "UNVERIFIED", "DISCONNECTED"].contains(status) && platformType != "CLOUD_API"
    }
    /// Whether the client uses it on the Business app and Cloud API together.
    public var isCoexisting: Bool { isOnBusinessApp == true && platformType == "CLOUD_API" }
}

/// What Meta says about a WABA.
public struct WABAFacts: Codable, Sendable, Equatable {
    public var id: String
    /// `APPROVED`, `PENDING`, `REJECTED`; compared without case.
    public var accountReview: String?
    /// `verified`, `not_verified`, `pending`; compared without case.
    public var businessVerification: String?
    /// The owning business portfolio.
    public var ownerBusiness: String?
    /// The attached payment method or credit line.
    public var fundingID: String?

    public init(
        id: String, accountReview: String? = nil, businessVerification: String? = nil, ownerBusiness: String? = nil,
        fundingID: String? = nil
    ) {
        self.id = id
        self.accountReview = accountReview
        self.businessVerification = businessVerification
        self.ownerBusiness = ownerBusiness
        self.fundingID = fundingID
    }
}

/// Everything the preconditions of a row are judged on.
public struct MoveFacts: Codable, Sendable, Equatable {
    /// Nil when the source does not list the number, or the route has no source.
    public var number: NumberFacts?
    public var source: WABAFacts?
    public var destination: WABAFacts
    /// Reads that Meta refused, by what was read: `source`, `number`, `destination`.
    public var unreadable: [String: String]

    public init(number: NumberFacts?, source: WABAFacts?, destination: WABAFacts, unreadable: [String: String] = [:]) {
        self.number = number
        self.source = source
        self.destination = destination
        self.unreadable = unreadable
    }
}
