public import Fleet

/// One precondition that does not hold.
public struct Finding: Codable, Sendable, Equatable {
    /// Stable name of the precondition.
    public var code: String
    /// What was found.
    public var message: String
    /// Who has to do what.
    public var remedy: String

    public init(code: String, message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}

/// What must hold before a number is added to its destination: Meta's documented preconditions of a migration, read instead of guessed at
/// from error 2388103. Pure.
public enum Preconditions {
    /// Every precondition of a route that does not hold, in a fixed order. A field Meta does not tell is no finding, except where moving
    /// without knowing would take the wrong road.
    public static func findings(route: Route, facts: MoveFacts) -> [Finding] {
        var found: [Finding] = []
        if route == .partner { found += number(facts) + source(facts) }
        found += destination(facts)
        if route == .partner, let source = facts.source?.ownerBusiness, let destination = facts.destination.ownerBusiness,
            source != destination
        {
            found.append(
                Finding(
                    code: "different_business", message: "the source WABA belongs to business \(source), the destination to \(destination)",
                    remedy:
                        "both WABAs must be owned by the same business: use a destination WABA of business \(source), or take the number by Embedded Signup"
                ))
        }
        return found
    }

    private static func number(_ facts: MoveFacts) -> [Finding] {
        if let why = facts.unreadable["number"] {
            return [
                Finding(
                    code: "number_unreadable", message: "the number cannot be read in the source WABA: \(why)",
                    remedy: "give Relevo a credential for the source WABA with whatsapp_business_management")
            ]
        }
        guard let number = facts.number else {
            return [
                Finding(
                    code: "number_not_found", message: "the source WABA does not list this number",
                    remedy: "correct source_waba_id or phone in the fleet file; the number must be registered there")
            ]
        }
        var found: [Finding] = []
        func add(_ code: String, _ message: String, _ remedy: String) {
            found.append(Finding(code: code, message: message, remedy: remedy))
        }
        if number.isOnBusinessApp == true {
            add("on_business_app", "the number is used in the WhatsApp Business app", "change its route to coexistence")
        }
        if number.platformType == "ON_PREMISE" {
            add("on_premises", "the number runs on the On-Premises API", "change its route to on_prem")
        }
        if number.accountMode == "SANDBOX" {
            add("test_number", "the number is one of Meta's test numbers", "take it out of the fleet: test numbers cannot be moved")
        }
        if let status = number.status, status != "CONNECTED", number.platformType != "ON_PREMISE" {
            add("number_not_connected", "the number's status is \(status)", "have the source partner bring the number to CONNECTED first")
        }
        if let status = number.nameStatus, status != "APPROVED" {
            add(
                "name_not_approved", "the display name is \(status)",
                "have the display name approved at the source; Meta moves only approved names")
        }
        if let status = number.newNameStatus, !["NONE", "APPROVED", "DECLINED", "EXPIRED"].contains(status) {
            add(
                "name_change_pending", "a change of the display name is \(status)",
                "wait for Meta's decision on the new name, or have it withdrawn")
        }
        if number.isPINEnabled == true {
            add(
                "two_step_on", "two-step verification is on at the source",
                "the client or the source partner turns it off: WhatsApp Manager, Account tools, Phone numbers, Two-step verification; no API can"
            )
        }
        return found
    }

    private static func source(_ facts: MoveFacts) -> [Finding] {
        if let why = facts.unreadable["source"] {
            return [
                Finding(
                    code: "source_unreadable", message: "the source WABA cannot be read: \(why)",
                    remedy: "give Relevo a credential for the source WABA with whatsapp_business_management")
            ]
        }
        guard let source = facts.source else { return [] }
        return review(source, "source")
    }

    private static func destination(_ facts: MoveFacts) -> [Finding] {
        if let why = facts.unreadable["destination"] {
            return [
                Finding(
                    code: "destination_unreadable", message: "the destination WABA cannot be read: \(why)",
                    remedy: "add a credential for the destination WABA: relevo credential add")
            ]
        }
        var found = review(facts.destination, "destination")
        if facts.destination.fundingID == nil {
            found.append(
                Finding(
                    code: "destination_not_funded", message: "the destination WABA has no payment method or credit line",
                    remedy: "attach a payment method, or share your credit line with it; without one Meta refuses the move (2388103)"))
        }
        return found
    }

    private static func review(_ waba: WABAFacts, _ side: String) -> [Finding] {
        var found: [Finding] = []
        if let review = waba.accountReview, review.uppercased() != "APPROVED" {
            found.append(
                Finding(
                    code: "\(side)_not_approved", message: "Meta's review of the \(side) WABA is \(review)",
                    remedy: "wait for the review, or answer it in Business Manager; both WABAs must be approved"))
        }
        if let verification = waba.businessVerification, verification.lowercased() != "verified" {
            found.append(
                Finding(
                    code: "\(side)_not_verified", message: "business verification of the \(side) WABA is \(verification)",
                    remedy: "complete business verification in the Security Center of Business Manager"))
        }
        return found
    }
}
