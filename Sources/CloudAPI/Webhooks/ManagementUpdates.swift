/// A template was approved, rejected, paused, …
public struct TemplateStatusUpdate: Sendable, Equatable {
    /// Open: `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`, `PENDING_DELETION`, …
    public var event: String
    /// A number in webhooks and a string in the API: always text here.
    public var templateID: String
    public var name: String
    /// With an underscore, as the API writes it: webhooks say `en-US`.
    public var language: String
    public var reason: String?
    public var category: String?
    /// `FIRST_PAUSE`, `SECOND_PAUSE`, `RATE_LIMITING_PAUSE`, `UNPAUSE`, `DISABLED`.
    public var detail: String?
    public var recommendation: String?
    public var raw: JSONValue

    /// Nil without an event.
    public init?(_ json: JSONValue) {
        guard let event = json["event"]?.text else { return nil }
        self.event = event
        templateID = json["message_template_id"]?.text ?? ""
        name = json["message_template_name"]?.text ?? ""
        language = TemplateLanguage.apiForm(json["message_template_language"]?.text ?? "")
        let reason = json["reason"]?.text
        self.reason = reason == "NONE" ? nil : reason
        category = json["message_template_category"]?.text
        detail = json["other_info"]?["title"]?.text
        recommendation = json["rejection_info"]?["recommendation"]?.text ?? json["rejection_info"]?["reason"]?.text
        raw = json
    }
}

/// A template's quality score changed.
public struct TemplateQualityUpdate: Sendable, Equatable {
    public var templateID: String
    public var name: String
    public var language: String
    /// Open: `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    public var previous: String?
    public var new: String
    public var raw: JSONValue

    /// Nil without a new score.
    public init?(_ json: JSONValue) {
        guard let new = json["new_quality_score"]?.text else { return nil }
        self.new = new
        previous = json["previous_quality_score"]?.text
        templateID = json["message_template_id"]?.text ?? ""
        name = json["message_template_name"]?.text ?? ""
        language = TemplateLanguage.apiForm(json["message_template_language"]?.text ?? "")
        raw = json
    }
}

/// Meta moved a template to another category, or is about to.
public struct TemplateCategoryUpdate: Sendable, Equatable {
    public var templateID: String
    public var name: String
    public var language: String
    public var previous: String?
    public var new: String?
    public var raw: JSONValue

    public init?(_ json: JSONValue) {
        guard json["message_template_id"] != nil || json["message_template_name"] != nil else { return nil }
        templateID = json["message_template_id"]?.text ?? ""
        name = json["message_template_name"]?.text ?? ""
        language = TemplateLanguage.apiForm(json["message_template_language"]?.text ?? "")
        let planned = json["correct_category"]?.text
        // While a change is only planned, `new_category` is the category that the template still has.
        previous = json["previous_category"]?.text ?? (planned == nil ? nil : json["new_category"]?.text)
        new = planned ?? json["new_category"]?.text
        raw = json
    }
}

/// A number's quality, limit or throughput changed. It names the number only by how it is shown.
public struct PhoneNumberQualityUpdate: Sendable, Equatable {
    public var displayPhoneNumber: String
    /// Open: `ONBOARDING`, `THROUGHPUT_UPGRADE`, `FLAGGED`, `UNFLAGGED`, …
    public var event: String
    public var currentLimit: String?
    public var raw: JSONValue

    public init?(_ json: JSONValue) {
        guard let event = json["event"]?.text else { return nil }
        self.event = event
        displayPhoneNumber = json["display_phone_number"]?.text ?? ""
        currentLimit = json["current_limit"]?.text ?? json["max_daily_conversations_per_business"]?.text
        raw = json
    }
}

/// The spelling of template languages.
public enum TemplateLanguage {
    /// `en_US` for `en-US`; everything else as it is.
    public static func apiForm(_ language: String) -> String { language.replacing("-", with: "_") }
}
