import CloudAPI
import Foundation

/// The updates of one or several POSTs, sorted by who takes them.
struct WebhookUpdates {
    struct Status {
        var place: Place
        var phoneNumberID: String
        var update: StatusUpdate
    }

    struct Inbound {
        var place: Place
        var phoneNumberID: String
        var message: InboundMessage
        /// Who wrote it, from `contacts`.
        var contact: WebhookContact?
    }

    struct TemplateChange {
        var place: Place
        var value: JSONValue
        var occurredAt: Date?
    }

    struct Preference {
        var place: Place
        var phoneNumberID: String
        var value: JSONValue
    }

    /// Where an update stands, and what it was: for the list of problems.
    struct Place: Sendable {
        var post: Int64
        /// Business time of the POST, for what tells no time of its own.
        var receivedAt: Date
        var path: String
        var waba: String
        var field: String
        var raw: JSONValue

        /// An update of a list in this change.
        func within(_ path: String, _ raw: JSONValue) -> Place {
            var place = self
            (place.path, place.raw) = ("\(self.path).\(path)", raw)
            return place
        }
    }

    var statuses: [Status] = []
    var inbound: [Inbound] = []
    var templates: [TemplateChange] = []
    var preferences: [Preference] = []
    /// Account and number changes, and fields nobody knows.
    var notices: [Notice] = []
    /// Updates that have another shape than documented.
    var unreadable: [UpdateProblem] = []

    var count: Int { statuses.count + inbound.count + templates.count + preferences.count + notices.count + unreadable.count }

    /// Throws `JSONError` when the body is no webhook at all.
    init(body: Data, post: Int64, receivedAt: Date) throws {
        let envelope = try WebhookEnvelope(body: body)
        for (e, entry) in envelope.entries.enumerated() {
            for (c, change) in entry.changes.enumerated() {
                let place = Place(
                    post: post, receivedAt: receivedAt, path: "\(e).\(c)", waba: storable(entry.id), field: storable(change.field.rawValue),
                    raw: change.value)
                add(change, of: entry, at: place)
            }
        }
        if envelope.dropped > 0 {
            let place = Place(post: post, receivedAt: receivedAt, path: "rest", waba: "", field: "", raw: .null)
            unreadable.append(
                UpdateProblem(place, "\(envelope.dropped) changes beyond the first \(WebhookEnvelope.maximumUpdates) updates were not read")
            )
        }
    }

    /// Adds those of a later POST.
    mutating func append(_ more: WebhookUpdates) {
        statuses += more.statuses
        inbound += more.inbound
        templates += more.templates
        preferences += more.preferences
        notices += more.notices
        unreadable += more.unreadable
    }

    private mutating func add(_ change: WebhookChange, of entry: WebhookEntry, at place: Place) {
        switch change.field {
        case .messages: addMessages(change.value, at: place)
        case .templateStatus, .templateQuality, .templateCategory, "message_template_components_update":
            templates.append(TemplateChange(place: place, value: change.value, occurredAt: entry.time))
        case .userPreferences: addPreferences(change.value, at: place)
        default: notices.append(Notice(place: place, occurredAt: entry.time ?? place.receivedAt))
        }
    }

    private mutating func addMessages(_ value: JSONValue, at place: Place) {
        guard let decoded = MessagesValue(value) else {
            unreadable.append(UpdateProblem(place, "the value is not an object"))
            return
        }
        let (number, contacts) = (decoded.phoneNumberID, decoded.contacts)
        for (i, json) in (value["statuses"]?.elements ?? []).enumerated() {
            let at = place.within("statuses.\(i)", json)
            guard let update = StatusUpdate(json) else {
                unreadable.append(UpdateProblem(at, "a status without `id` or `status`"))
                continue
            }
            statuses.append(Status(place: at, phoneNumberID: number, update: update))
        }
        for (i, json) in (value["messages"]?.elements ?? []).enumerated() {
            let at = place.within("messages.\(i)", json)
            guard let message = InboundMessage(json) else {
                unreadable.append(UpdateProblem(at, "a message without `id`"))
                continue
            }
            guard !number.isEmpty else {
                unreadable.append(UpdateProblem(at, "no `metadata.phone_number_id`: it cannot be told which number the message is for"))
                continue
            }
            let contact = contacts.first {
                ($0.waID != nil && $0.waID == message.from) || ($0.userID != nil && $0.userID == message.fromUserID)
            }
            inbound.append(Inbound(place: at, phoneNumberID: number, message: message, contact: contact ?? Self.only(contacts, message)))
        }
        // Errors of the number or the account, and calls and other lists: kept to be read.
        if value["statuses"] == nil, value["messages"] == nil { notices.append(Notice(place: place, occurredAt: nil)) }
    }

    /// The only contact of a change is the writer of its only message, when it says nothing else.
    private static func only(_ contacts: [WebhookContact], _ message: InboundMessage) -> WebhookContact? {
        guard contacts.count == 1, message.from == nil, message.fromUserID == nil else { return nil }
        return contacts[0]
    }

    private mutating func addPreferences(_ value: JSONValue, at place: Place) {
        let number = value["metadata"]?["phone_number_id"]?.text ?? ""
        guard let list = value["user_preferences"]?.elements, !number.isEmpty else {
            unreadable.append(UpdateProblem(place, "no `user_preferences` list, or no `metadata.phone_number_id`"))
            return
        }
        for (i, json) in list.enumerated() {
            let at = place.within("user_preferences.\(i)", json)
            preferences.append(Preference(place: at, phoneNumberID: number, value: json))
        }
    }
}

/// An update that no owner took.
struct UpdateProblem {
    var place: WebhookUpdates.Place
    var error: String

    init(_ place: WebhookUpdates.Place, _ error: String) {
        self.place = place
        self.error = error
    }
}

/// Text of Meta's as PostgreSQL can hold it, and not longer than an id or name may be. Counted in scalars: one character may have any
/// number of them, and what is indexed must stay small.
func storable(_ text: String, limit: Int = 256) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit).map { $0 == "\u{0}" ? "\u{FFFD}" : $0 }))
}
