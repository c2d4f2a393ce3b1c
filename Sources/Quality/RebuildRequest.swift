public import Foundation
public import Templates

/// What a rebuild is to do.
public struct RebuildRequest: Sendable {
    /// The sender's `phone_number_id`.
    public var phoneNumberID: String
    public var template: TemplateKey
    /// Numbers with a plus, user ids, or numbers in the national form of `region`. In the order given: put those first who wrote or read
    /// lately.
    public var recipients: [String]
    /// Region of numbers without a plus, ISO 3166-1 alpha-2; nil takes the sender's own default region, if it has one.
    public var region: String?
    public var profile: RebuildProfile
    /// Nil takes the defaults of the template's category.
    public var settings: RebuildSettings?
    /// JSON text of the message's `template.components`; nil fills the parameters from the template's own examples.
    public var components: String?
    /// Business time of the first step; nil begins at once.
    public var startAt: Date?
    public var by: String
    /// The same key twice starts one rebuild.
    public var key: String?

    /// A million recipients at most.
    public static let mostRecipients = 1_000_000

    public init(
        phoneNumberID: String, template: TemplateKey, recipients: [String] = [], region: String? = nil, profile: RebuildProfile,
        settings: RebuildSettings? = nil, components: String? = nil, startAt: Date? = nil, by: String, key: String? = nil
    ) {
        self.phoneNumberID = phoneNumberID
        self.template = template
        self.recipients = recipients
        self.region = region
        self.profile = profile
        self.settings = settings
        self.components = components
        self.startAt = startAt
        self.by = by
        self.key = key
    }
}
