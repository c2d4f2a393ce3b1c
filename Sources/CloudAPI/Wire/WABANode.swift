/// A WhatsApp Business account as the Graph API shows it. Enumerated values are upper case: sources differ in spelling.
public struct WABANode: Sendable, Codable, Equatable {
    public var id: String
    public var name: String?
    public var timeZoneID: String?
    public var currency: String?
    /// Open: `APPROVED`, `PENDING`, `REJECTED`.
    public var accountReviewStatus: String?
    /// Open: `VERIFIED`, `NOT_VERIFIED`, `PENDING`.
    public var businessVerificationStatus: String?
    /// Open: `SELF`, `CLIENT_OWNED`, `ON_BEHALF_OF`.
    public var ownershipType: String?
    /// A payment method or credit line is attached.
    public var primaryFundingID: String?
    public var ownerBusinessID: String?
    public var ownerBusinessName: String?
    public var templateNamespace: String?
    public var health: HealthStatus?
    public var raw: JSONValue

    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        name = json["name"]?.text
        timeZoneID = json["timezone_id"]?.text
        currency = json["currency"]?.text
        accountReviewStatus = json["account_review_status"]?.text?.uppercased()
        businessVerificationStatus = json["business_verification_status"]?.text?.uppercased()
        ownershipType = json["ownership_type"]?.text?.uppercased()
        primaryFundingID = json["primary_funding_id"]?.text
        ownerBusinessID = json["owner_business_info"]?["id"]?.text
        ownerBusinessName = json["owner_business_info"]?["name"]?.text
        templateNamespace = json["message_template_namespace"]?.text
        health = json["health_status"].flatMap(HealthStatus.init)
        raw = json
    }

    public static let usualFields = [
        "id", "name", "timezone_id", "currency", "account_review_status", "business_verification_status", "ownership_type",
        "primary_funding_id", "owner_business_info", "message_template_namespace",
    ]
}

/// An app that gets a WABA's webhooks.
public struct SubscribedApp: Sendable, Codable, Equatable {
    public var id: String
    public var name: String?
    public var overrideCallbackURI: String?

    init?(_ json: JSONValue) {
        let app = json["whatsapp_business_api_data"] ?? json
        guard let id = app["id"]?.text else { return nil }
        self.id = id
        name = app["name"]?.text
        overrideCallbackURI = json["override_callback_uri"]?.text
    }
}

/// What a token may do.
public struct TokenInfo: Sendable, Codable, Equatable {
    public var appID: String?
    public var isValid: Bool
    /// Nil when it does not expire.
    public var expiresAt: Int?
    public var scopes: [String]
    /// Scope to the ids it was granted for, newest first; an empty list means every one.
    public var targets: [String: [String]]

    init?(_ json: JSONValue) {
        guard let data = json["data"] else { return nil }
        appID = data["app_id"]?.text
        isValid = data["is_valid"]?.bool ?? false
        expiresAt = data["expires_at"]?.integer.flatMap { $0 == 0 ? nil : $0 }
        scopes = (data["scopes"]?.elements ?? []).compactMap(\.text)
        targets = [:]
        for grant in data["granular_scopes"]?.elements ?? [] {
            guard let scope = grant["scope"]?.text else { continue }
            targets[scope] = (grant["target_ids"]?.elements ?? []).compactMap(\.text)
        }
    }
}
