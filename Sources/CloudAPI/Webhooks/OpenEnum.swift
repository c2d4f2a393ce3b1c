/// A word of Meta's that may gain values at any time: unknown ones are kept as they are.
public protocol OpenEnum: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral, CustomStringConvertible
where RawValue == String {
    init(rawValue: String)
}

extension OpenEnum {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
    public var description: String { rawValue }
    public init(from decoder: any Decoder) throws { self.init(rawValue: try decoder.singleValueContainer().decode(String.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// What Meta says of a sent message.
public struct DeliveryStatus: OpenEnum {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let sent: DeliveryStatus = "sent"
    public static let delivered: DeliveryStatus = "delivered"
    public static let read: DeliveryStatus = "read"
    public static let played: DeliveryStatus = "played"
    public static let failed: DeliveryStatus = "failed"
}

/// `message_status` of the answer to a send.
public struct AcceptedStatus: OpenEnum {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let accepted: AcceptedStatus = "accepted"
    public static let heldForQuality: AcceptedStatus = "held_for_quality_assessment"
    public static let paused: AcceptedStatus = "paused"
}

/// The subject of a webhook change.
public struct WebhookField: OpenEnum {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let messages: WebhookField = "messages"
    public static let templateStatus: WebhookField = "message_template_status_update"
    public static let templateQuality: WebhookField = "message_template_quality_update"
    public static let templateCategory: WebhookField = "template_category_update"
    public static let phoneNumberQuality: WebhookField = "phone_number_quality_update"
    public static let phoneNumberName: WebhookField = "phone_number_name_update"
    public static let accountUpdate: WebhookField = "account_update"
    public static let accountReview: WebhookField = "account_review_update"
    public static let accountAlerts: WebhookField = "account_alerts"
    public static let businessCapability: WebhookField = "business_capability_update"
    public static let security: WebhookField = "security"
    public static let userPreferences: WebhookField = "user_preferences"
}
