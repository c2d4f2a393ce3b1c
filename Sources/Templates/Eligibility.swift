/// Whether `migrate_message_templates` takes a template: APPROVED with quality GREEN or UNKNOWN (Meta, template migration).
public enum Eligibility: Hashable, Codable, Sendable {
    case eligible
    case ineligible(code: String, reason: String)

    public init(status: String, quality: String) {
        switch (status, quality) {
        case ("APPROVED", "GREEN"), ("APPROVED", "UNKNOWN"): self = .eligible
        case ("APPROVED", let score):
            self = .ineligible(
                code: "low_quality",
                reason: "quality is \(score); only GREEN and UNKNOWN templates are copied: recreate it in the destination")
        case ("PENDING", _), ("IN_APPEAL", _):
            self = .ineligible(code: "not_reviewed", reason: "status is \(status); it can be copied once Meta has approved it")
        case ("PAUSED", _):
            self = .ineligible(code: "paused", reason: "Meta has paused it for quality; wait until it is APPROVED again or recreate it")
        case ("REJECTED", _), ("DISABLED", _):
            self = .ineligible(code: "not_approved", reason: "status is \(status); change its content and submit it in the destination")
        default:
            self = .ineligible(code: "not_approved", reason: "status is \(status); only APPROVED templates are copied")
        }
    }

    public var isEligible: Bool { self == .eligible }
}

extension Template {
    /// Whether Meta copies it.
    public var eligibility: Eligibility { Eligibility(status: status, quality: quality) }
}
