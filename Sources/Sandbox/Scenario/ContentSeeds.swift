/// A template of an account.
public struct TemplateSeed: Codable, Sendable {
    public var id: String?
    public var waba: String
    public var name: String
    public var language: String
    public var category: String
    public var status: String
    public var quality: String
    public var parameterFormat: String
    public var components: JSON
    public var rejectedReason: String?
    /// Meta's reason for which `migrate_message_templates` does not take it; nil is none.
    public var copyFailure: String?
    /// Business minutes for which a copy is PENDING; nil is APPROVED at once.
    public var copyReviewMinutes: Double?
    /// How its quality moves with deliveries, and that of its copies; empty is the rule for all.
    public var qualitySteps: [QualityStep]

    public init(
        id: String? = nil, waba: String, name: String, language: String = "en_US", category: String = "UTILITY",
        status: String = "APPROVED", quality: String = "GREEN", parameterFormat: String = "POSITIONAL", components: JSON? = nil,
        rejectedReason: String? = nil, copyFailure: String? = nil, copyReviewMinutes: Double? = nil, qualitySteps: [QualityStep] = []
    ) {
        self.id = id
        self.waba = waba
        self.name = name
        self.language = language
        self.category = category
        self.status = status
        self.quality = quality
        self.parameterFormat = parameterFormat
        self.components = components ?? [["type": "BODY", "text": "Hello, this is a message for you."]]
        self.rejectedReason = rejectedReason
        self.copyFailure = copyFailure
        self.copyReviewMinutes = copyReviewMinutes
        self.qualitySteps = qualitySteps
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(waba: try values.decode(String.self, forKey: .waba), name: try values.decode(String.self, forKey: .name))
        id = try values.decodeIfPresent(String.self, forKey: .id)
        language = try values.read(.language, or: language)
        category = try values.read(.category, or: category)
        status = try values.read(.status, or: status)
        quality = try values.read(.quality, or: quality)
        parameterFormat = try values.read(.parameterFormat, or: parameterFormat)
        components = try values.read(.components, or: components)
        rejectedReason = try values.decodeIfPresent(String.self, forKey: .rejectedReason)
        copyFailure = try values.decodeIfPresent(String.self, forKey: .copyFailure)
        copyReviewMinutes = try values.decodeIfPresent(Double.self, forKey: .copyReviewMinutes)
        qualitySteps = try values.read(.qualitySteps, or: qualitySteps)
    }

    enum CodingKeys: String, CodingKey {
        case id, waba, name, language, category, status, quality, components
        case parameterFormat = "parameter_format"
        case rejectedReason = "rejected_reason"
        case copyFailure = "copy_failure"
        case copyReviewMinutes = "copy_review_minutes"
        case qualitySteps = "quality_steps"
    }
}

/// A quality a template takes on once `after` of its messages are delivered.
public struct QualityStep: Codable, Sendable {
    public var after: Int
    public var quality: String

    public init(after: Int, quality: String) {
        self.after = after
        self.quality = quality
    }
}

/// Somebody on WhatsApp. People who are not in the scenario come into being when they are written to.
public struct PersonSeed: Codable, Sendable {
    /// E.164.
    public var phone: String
    public var name: String?
    /// Business seconds; nil follows the rules.
    public var deliveredAfter: Double?
    public var readAfter: Double?
    /// Nil follows the rules.
    public var reads: Bool?
    /// Nothing after `sent`.
    public var neverDelivered: Bool
    /// Code of the `failed` status every message to them ends in.
    public var failsWith: Int?
    /// Has written lately: free-form messages arrive.
    public var windowOpen: Bool
    /// Goes by a username: what they write names their user id and no number.
    public var hidesPhone: Bool

    public init(
        phone: String, name: String? = nil, deliveredAfter: Double? = nil, readAfter: Double? = nil, reads: Bool? = nil,
        neverDelivered: Bool = false, failsWith: Int? = nil, windowOpen: Bool = false, hidesPhone: Bool = false
    ) {
        self.phone = phone
        self.name = name
        self.deliveredAfter = deliveredAfter
        self.readAfter = readAfter
        self.reads = reads
        self.neverDelivered = neverDelivered
        self.failsWith = failsWith
        self.windowOpen = windowOpen
        self.hidesPhone = hidesPhone
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            phone: try values.decode(String.self, forKey: .phone), name: try values.decodeIfPresent(String.self, forKey: .name),
            deliveredAfter: try values.decodeIfPresent(Double.self, forKey: .deliveredAfter),
            readAfter: try values.decodeIfPresent(Double.self, forKey: .readAfter),
            reads: try values.decodeIfPresent(Bool.self, forKey: .reads),
            neverDelivered: try values.read(.neverDelivered, or: false),
            failsWith: try values.decodeIfPresent(Int.self, forKey: .failsWith), windowOpen: try values.read(.windowOpen, or: false),
            hidesPhone: try values.read(.hidesPhone, or: false))
    }

    enum CodingKeys: String, CodingKey {
        case phone, name, reads
        case deliveredAfter = "delivered_after"
        case readAfter = "read_after"
        case neverDelivered = "never_delivered"
        case failsWith = "fails_with"
        case windowOpen = "window_open"
        case hidesPhone = "hides_phone"
    }
}
