import CloudAPI
import Foundation
import Recipients

/// `user_preferences`: a person stops, or resumes, marketing from a business.
enum MarketingPreference {
    /// Nil when it names nobody, or says something else.
    static func change(_ preference: WebhookUpdates.Preference, _ receivedAt: Date) -> OptOuts.Change? {
        let value = preference.value
        let (waID, userID) = (value["wa_id"]?.text, value["user_id"]?.text)
        guard waID != nil || userID != nil, let word = value["value"]?.text?.lowercased(), word == "stop" || word == "resume" else {
            return nil
        }
        let at = value["timestamp"].flatMap(WebhookEnvelope.time) ?? receivedAt
        return OptOuts.Change(
            phoneNumberID: preference.phoneNumberID, waID: waID, userID: userID, scope: .marketing, active: word == "stop",
            source: "user_preferences", at: at)
    }
}

/// System messages about a person's number.
enum NumberNotice {
    /// `user_changed_number`, `user_changed_user_id`, and the older `customer_changed_number`.
    static func isChange(_ type: String) -> Bool {
        ["user_changed_number", "user_changed_user_id", "customer_changed_number"].contains(type)
    }
}
