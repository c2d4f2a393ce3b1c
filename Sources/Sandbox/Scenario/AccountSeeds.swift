/// A WhatsApp Business account.
public struct WABASeed: Codable, Sendable {
    public var id: String
    public var name: String
    /// The owning business portfolio.
    public var business: String
    public var review: String
    public var verification: String
    /// A payment method or credit line; nil is none.
    public var funding: String?
    /// Whether our app gets its webhooks.
    public var subscribed: Bool

    public init(
        id: String, name: String? = nil, business: String = "900000000000001", review: String = "APPROVED",
        verification: String = "verified",
        funding: String? = "700000000000001", subscribed: Bool = true
    ) {
        self.id = id
        self.name = name ?? "Account \(id)"
        self.business = business
        self.review = review
        self.verification = verification
        self.funding = funding
        self.subscribed = subscribed
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(id: try values.decode(String.self, forKey: .id))
        name = try values.read(.name, or: name)
        business = try values.read(.business, or: business)
        review = try values.read(.review, or: review)
        verification = try values.read(.verification, or: verification)
        if values.contains(.funding) { funding = try values.decodeIfPresent(String.self, forKey: .funding) }
        subscribed = try values.read(.subscribed, or: subscribed)
    }

    enum CodingKeys: String, CodingKey { case id, name, business, review, verification, funding, subscribed }
}

/// A number in an account.
public struct NumberSeed: Codable, Sendable {
    /// Phone number id; nil takes one that follows from account and number.
    public var id: String?
    public var waba: String
    /// E.164.
    public var phone: String
    public var name: String
    public var status: String
    public var nameStatus: String
    public var newNameStatus: String
    public var platform: String
    /// Two-step PIN; nil is two-step verification off.
    public var pin: String?
    public var onBusinessApp: Bool
    public var accountMode: String
    public var identityCheck: Bool
    /// `STANDARD` (80 a second) or `HIGH` (1,000); a number on the Business app has 20.
    public var throughput: String
    public var quality: String

    public init(
        id: String? = nil, waba: String, phone: String, name: String = "Business", status: String = "CONNECTED",
        nameStatus: String = "APPROVED", newNameStatus: String = "NONE", platform: String = "CLOUD_API", pin: String? = nil,
        onBusinessApp: Bool = false, accountMode: String = "LIVE", identityCheck: Bool = false, throughput: String = "STANDARD",
        quality: String = "GREEN"
    ) {
        self.id = id
        self.waba = waba
        self.phone = phone
        self.name = name
        self.status = status
        self.nameStatus = nameStatus
        self.newNameStatus = newNameStatus
        self.platform = platform
        self.pin = pin
        self.onBusinessApp = onBusinessApp
        self.accountMode = accountMode
        self.identityCheck = identityCheck
        self.throughput = throughput
        self.quality = quality
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(waba: try values.decode(String.self, forKey: .waba), phone: try values.decode(String.self, forKey: .phone))
        id = try values.decodeIfPresent(String.self, forKey: .id)
        name = try values.read(.name, or: name)
        status = try values.read(.status, or: status)
        nameStatus = try values.read(.nameStatus, or: nameStatus)
        newNameStatus = try values.read(.newNameStatus, or: newNameStatus)
        platform = try values.read(.platform, or: platform)
        pin = try values.decodeIfPresent(String.self, forKey: .pin)
        onBusinessApp = try values.read(.onBusinessApp, or: onBusinessApp)
        accountMode = try values.read(.accountMode, or: accountMode)
        identityCheck = try values.read(.identityCheck, or: identityCheck)
        throughput = try values.read(.throughput, or: throughput)
        quality = try values.read(.quality, or: quality)
    }

    enum CodingKeys: String, CodingKey {
        case id, waba, phone, name, status, platform, pin, throughput, quality
        case nameStatus = "name_status"
        case newNameStatus = "new_name_status"
        case onBusinessApp = "on_business_app"
        case accountMode = "account_mode"
        case identityCheck = "identity_check"
    }
}

/// A number that its client connects to an account by hand, when `POST /_sandbox/connect` says so.
public struct ConnectionSeed: Codable, Sendable {
    public var phone: String
    public var waba: String
    /// `signup`, `coexistence` or `on_prem`.
    public var route: String
    public var name: String?

    public init(phone: String, waba: String, route: String, name: String? = nil) {
        self.phone = phone
        self.waba = waba
        self.route = route
        self.name = name
    }
}
