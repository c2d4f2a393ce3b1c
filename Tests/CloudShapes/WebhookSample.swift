/// A POST of Meta's, and what has to be read from it.
package struct WebhookSample: Sendable, CustomStringConvertible {
    /// Who takes its only update.
    package enum Landing: Sendable, Equatable {
        case status
        case inbound
        /// What a template change says: `status`, `quality`, `category` or `components`, and its value.
        case template(String, String)
        /// Whether the person stops marketing.
        case preference(stops: Bool)
        /// Kept to be read, under this event.
        case notice(String?)
    }

    package var name: String
    package var source: Source
    package var text: String
    /// As `WebhookReading` writes it.
    package var reads: String
    package var landing: Landing

    package var description: String { name }

    package static let all: [WebhookSample] = statuses + inbound + notices + templates + accounts + coexistence

    static let waba = "301110000000001"
    static let phone = "209990000000001"

    // MARK: Envelopes

    /// A change of `messages`, or of another field that belongs to a number.
    static func ofNumber(
        _ name: String, _ source: Source, _ landing: Landing, field: String = "messages", _ value: String, reads: String? = nil
    ) -> WebhookSample {
        let metadata = #""metadata":{"display_phone_number":"15550199000","phone_number_id":"\#(phone)"}"#
        let change = #"{"value":{"messaging_product":"whatsapp",\#(metadata),\#(value)},"field":"\#(field)"}"#
        let head = #""waba":"\#(waba)","field":"\#(field)""#
        let read = reads.map { #"{\#(head),"number":"\#(phone)","display":"15550199000",\#($0)}"# } ?? "{\(head)}"
        return WebhookSample(
            name: name, source: source,
            text: #"{"object":"whatsapp_business_account","entry":[{"id":"\#(waba)","changes":[\#(change)]}]}"#, reads: "[\(read)]",
            landing: landing)
    }

    /// A change of the account: with a time, and without a number.
    static func ofAccount(
        _ field: String, variant: String? = nil, _ source: Source, _ landing: Landing, id: String = waba, _ value: String,
        reads: String = ""
    ) -> WebhookSample {
        let change = #"{"value":\#(value),"field":"\#(field)"}"#
        let more = reads.isEmpty ? "" : "," + reads
        return WebhookSample(
            name: field + (variant.map { ": \($0)" } ?? ""), source: source,
            text: #"{"object":"whatsapp_business_account","entry":[{"id":"\#(id)","time":1739321024,"changes":[\#(change)]}]}"#,
            reads: #"[{"waba":"\#(id)","time":1739321024,"field":"\#(field)"\#(more)}]"#, landing: landing)
    }

    /// `,"name":"text"`, or nothing.
    static func member(_ name: String, _ text: String?) -> String { text.map { #","\#(name)":"\#($0)""# } ?? "" }

    /// `"contacts":[…],`, or nothing.
    static func contacts(_ contact: String?) -> String { contact.map { #""contacts":[\#($0)],"# } ?? "" }
}
