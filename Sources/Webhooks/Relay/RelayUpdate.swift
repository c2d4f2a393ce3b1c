package import CloudAPI
package import Foundation
import Gateway

/// One update of a POST, by itself in an envelope of Meta's: public client libraries read only the first change of the first entry, and its
/// first status or message.
struct RelayUpdate {
    var waba: String
    /// The number it is of; nil for what concerns the account.
    var phoneNumberID: String?
    /// The number itself, as Meta writes it, digits or with a plus and spaces: beside its id, or alone where the quality or the name of a number is
    /// told.
    var e164: String? {
        let written = value["metadata"]?["display_phone_number"] ?? value["display_phone_number"]
        let digits = written?.text?.filter { ("0"..."9").contains($0) } ?? ""
        return (1...15).contains(digits.utf8.count) ? "+\(digits)" : nil
    }
    /// A status, which may carry our name for its message.
    var status: RelayStatus?
    /// The message it is of, where that is known already.
    var origin: RelayOrigin?
    private var entry: JSONObject
    private var field: JSONValue
    private var value: JSONObject

    /// Lists that hold one update an element.
    private static let lists = ["statuses", "messages", "calls", "user_preferences"]
    /// Of the account or the number where they stand alone, and updates then. Beside others they say what was wrong with those, as with a
    /// call that failed: told apart, neither would be understood.
    private static let errors = "errors"

    /// A message that ended before Meta had it: the status that Meta would send, under the id that its caller was answered with.
    init(_ end: MessageEnd) {
        let id = end.message.uuidString.lowercased()
        var status: JSONObject = [
            "id": .string("relevo.\(id)"), "status": "failed", "timestamp": .string(String(Int(end.at.timeIntervalSince1970))),
        ]
        if let waID = end.waID { status["recipient_id"] = .string(waID) }
        if let userID = end.userID { status["recipient_user_id"] = .string(userID) }
        status["errors"] = [end.error]
        let element = JSONValue.object(status)
        waba = end.wabaID
        phoneNumberID = end.sender
        origin = RelayOrigin(message: end.message, clientData: end.clientData)
        entry = ["id": .string(end.wabaID)]
        field = "messages"
        value = [
            "messaging_product": "whatsapp",
            "metadata": ["display_phone_number": .string(String(end.number.dropFirst())), "phone_number_id": .string(end.sender)],
        ]
        if let contact = Self.contact(of: element, in: []) { value["contacts"] = [contact] }
        value["statuses"] = [element]
    }

    private init(waba: String, phoneNumberID: String?, entry: JSONObject, field: JSONValue, value: JSONObject) {
        (self.waba, self.phoneNumberID, self.entry, self.field, self.value) = (waba, phoneNumberID, entry, field, value)
    }

    /// All updates of a body, in their order. Throws `JSONError` when it is no webhook.
    static func all(of body: Data) throws -> [RelayUpdate] {
        let envelope = try WebhookEnvelope(body: body)
        return envelope.entries.flatMap { entry in entry.changes.flatMap { split($0, of: entry) } }
    }

    private static func split(_ change: WebhookChange, of entry: WebhookEntry) -> [RelayUpdate] {
        var head: JSONObject = ["id": .string(entry.id)]
        // Whole seconds, as it came.
        if let time = entry.time { head["time"] = JSONValue(Int(time.timeIntervalSince1970)) }
        guard let value = change.value.object else { return [] }
        let number = change.value["metadata"]?["phone_number_id"]?.text
        var one = RelayUpdate(
            waba: storable(entry.id), phoneNumberID: number.map { storable($0) }, entry: head, field: .string(change.field.rawValue),
            value: value)
        var present = lists.filter { change.value[$0]?.elements?.isEmpty == false }
        if present.isEmpty, change.value[errors]?.elements?.isEmpty == false { present = [errors] }
        guard !present.isEmpty else { return [one] }
        for list in lists + ["contacts"] { one.value[list] = nil }
        let contacts = change.value["contacts"]?.elements ?? []
        return present.flatMap { list in
            (change.value[list]?.elements ?? []).map { element in
                var single = one
                single.value[list] = .array([element])
                if list == "statuses" { single.status = StatusUpdate(element).map { RelayStatus(phoneNumberID: number ?? "", update: $0) } }
                if let contact = contact(of: element, in: contacts) { single.value["contacts"] = .array([contact]) }
                return single
            }
        }
    }

    /// Whom an element is about: the contact that names them, the only one there is, or what the element itself says.
    private static func contact(of element: JSONValue, in contacts: [JSONValue]) -> JSONValue? {
        // What went to a group has the group in `recipient_id`.
        let isOfGroup = element["recipient_type"]?.text == "group"
        let recipient = isOfGroup ? element["recipient_participant_id"] : element["recipient_id"]
        let waID = (recipient ?? element["from"] ?? element["wa_id"])?.text
        let userID = (element["recipient_user_id"] ?? element["from_user_id"] ?? element["user_id"])?.text
        let named = contacts.first {
            (waID != nil && $0["wa_id"]?.text == waID) || (userID != nil && $0["user_id"]?.text == userID)
        }
        if let named { return named }
        if contacts.count == 1, waID == nil, userID == nil { return contacts[0] }
        var made = JSONObject()
        if let waID { made["wa_id"] = .string(waID) }
        if let userID { made["user_id"] = .string(userID) }
        return made.names.isEmpty ? nil : .object(made)
    }

    /// Its POST. For a status of a message that Relevo has sent, what the caller had given to come back takes the place of our own name.
    func body(_ origin: RelayOrigin?) -> Data {
        var value = value
        if let origin, let first = value["statuses"]?.elements?.first, var status = first.object {
            status["biz_opaque_callback_data"] = origin.clientData.map { .string($0) }
            // For who was given `relevo.<uuid>` because the answer was not there yet.
            status["relevo_message_id"] = .string(origin.message.uuidString.lowercased())
            value["statuses"] = .array([.object(status)])
        }
        var entry = entry
        entry["changes"] = .array([["value": .object(value), "field": field]])
        return JSONValue.object(["object": "whatsapp_business_account", "entry": .array([.object(entry)])]).encoded()
    }
}

/// A status on its way to a client's system.
package struct RelayStatus: Sendable {
    package var phoneNumberID: String
    package var update: StatusUpdate
}

/// The message that a status is of.
package struct RelayOrigin: Sendable {
    package var message: UUID
    /// The caller's own `biz_opaque_callback_data`.
    package var clientData: String?

    package init(message: UUID, clientData: String?) {
        self.message = message
        self.clientData = clientData
    }
}
