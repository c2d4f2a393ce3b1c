/// A phone number as the Graph API shows it. Fields that were not asked for, or that Meta left out, are nil.
public struct PhoneNumberNode: Sendable, Codable, Equatable {
    public var id: String
    /// In any of several formats: for showing only.
    public var displayPhoneNumber: String?
    public var verifiedName: String?
    /// Open, upper case: `CONNECTED`, `PENDING`, `MIGRATED`, `BANNED`, … Sending needs `CONNECTED`.
    public var status: String?
    /// Open: `VERIFIED`, `NOT_VERIFIED`, `EXPIRED`.
    public var codeVerificationStatus: String?
    public var nameStatus: String?
    public var newNameStatus: String?
    /// Open: `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    public var qualityRating: String?
    /// Open: `CLOUD_API`, `ON_PREMISE`, `NOT_APPLICABLE`.
    public var platformType: String?
    /// Open: `STANDARD`, `HIGH`, `NOT_APPLICABLE`.
    public var throughputLevel: String?
    public var isOnBusinessApp: Bool?
    public var isPinEnabled: Bool?
    /// Tier such as `TIER_250`, of the portfolio.
    public var messagingLimit: String?
    public var health: HealthStatus?
    /// As it came.
    public var raw: JSONValue

    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        displayPhoneNumber = json["display_phone_number"]?.text
        verifiedName = json["verified_name"]?.text
        status = json["status"]?.text?.uppercased()
        codeVerificationStatus = json["code_verification_status"]?.text?.uppercased()
        nameStatus = json["name_status"]?.text?.uppercased()
        newNameStatus = json["new_name_status"]?.text?.uppercased()
        qualityRating = json["quality_rating"]?.text?.uppercased()
        platformType = json["platform_type"]?.text?.uppercased()
        throughputLevel = json["throughput"]?["level"]?.text?.uppercased()
        isOnBusinessApp = json["is_on_biz_app"]?.bool
        isPinEnabled = json["is_pin_enabled"]?.bool
        messagingLimit = json["whatsapp_business_manager_messaging_limit"]?.text ?? json["messaging_limit_tier"]?.text
        health = json["health_status"].flatMap(HealthStatus.init)
        raw = json
    }

    /// What is asked for when nothing else is named: no beta field, since one unknown field fails the whole read.
    public static let usualFields = [
        "id", "display_phone_number", "verified_name", "status", "code_verification_status", "quality_rating", "platform_type",
        "throughput",
    ]
}

/// Whether messages can be sent, and what stands in the way.
public struct HealthStatus: Sendable, Codable, Equatable {
    public struct Entity: Sendable, Codable, Equatable {
        /// Open: `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP`, `MESSAGE_TEMPLATE`.
        public var type: String
        public var id: String
        public var canSend: String
        public var notes: [String]
        public var errors: [GraphError]
    }

    /// Open: `AVAILABLE`, `LIMITED`, `BLOCKED`; the worst of the entities.
    public var canSend: String
    public var entities: [Entity]

    public init?(_ json: JSONValue) {
        guard let canSend = json["can_send_message"]?.text else { return nil }
        self.canSend = canSend.uppercased()
        entities = (json["entities"]?.elements ?? []).map { entity in
            Entity(
                type: entity["entity_type"]?.text ?? "", id: entity["id"]?.text ?? "",
                canSend: entity["can_send_message"]?.text?.uppercased() ?? "",
                notes: (entity["additional_info"]?.elements ?? []).compactMap(\.text),
                errors: (entity["errors"]?.elements ?? []).map { error in
                    GraphError(
                        code: error["error_code"]?.integer, message: error["error_description"]?.text ?? "",
                        details: error["possible_solution"]?.text, raw: error)
                })
        }
    }
}
