package import CloudAPI
import Foundation

/// What the parser has made of a webhook, as JSON: only what is there.
package enum WebhookReading {
    private typealias Parts = [String: JSONValue?]

    package static func json(_ envelope: WebhookEnvelope) -> JSONValue {
        .array(envelope.entries.flatMap { entry in entry.changes.map { change($0, of: entry) } })
    }

    private static func change(_ change: WebhookChange, of entry: WebhookEntry) -> JSONValue {
        var parts: Parts = [
            "waba": .string(entry.id), "time": seconds(entry.time), "field": .string(change.field.rawValue),
        ]
        let known: [Parts?] = [
            change.messages.map(messages), change.templateStatus.map(status), change.templateQuality.map(quality),
            change.templateCategory.map(category), change.phoneNumberQuality.map(number),
        ]
        for more in known.compactMap({ $0 }) { parts.merge(more) { _, new in new } }
        return object(parts)
    }

    private static func messages(_ value: MessagesValue) -> Parts {
        [
            "number": .string(value.phoneNumberID), "display": text(value.displayPhoneNumber),
            "contacts": list(value.contacts.map(contact)), "statuses": list(value.statuses.map(update)),
            "messages": list(value.messages.map(message)), "codes": list(value.errors.map(code)),
        ]
    }

    private static func contact(_ contact: WebhookContact) -> JSONValue {
        object([
            "wa_id": text(contact.waID), "user_id": text(contact.userID),
            "name": text(contact.name), "username": text(contact.username),
            "hash": text(contact.identityHash),
        ])
    }

    private static func update(_ update: StatusUpdate) -> JSONValue {
        object([
            "id": .string(update.id), "status": .string(update.status.rawValue), "at": seconds(update.timestamp),
            "to": text(update.recipientID), "to_user": text(update.recipientUserID),
            "hash": text(update.identityHash), "data": text(update.callbackData),
            "codes": list(update.errors.map(code)), "details": list(update.errors.compactMap { text($0.details) }),
            "pricing": update.pricing, "conversation": update.conversation,
        ])
    }

    private static func message(_ message: InboundMessage) -> JSONValue {
        object([
            "id": .string(message.id), "from": text(message.from), "from_user": text(message.fromUserID),
            "at": seconds(message.timestamp), "type": .string(message.type), "text": text(message.text),
            "hash": text(message.changedIdentityHash), "codes": list(message.errors.map(code)),
            "system": message.system.map { notice in
                object([
                    "type": .string(notice.type), "body": text(notice.body), "wa_id": text(notice.waID),
                    "user_id": text(notice.userID), "previous": text(notice.previousUserID),
                ])
            },
        ])
    }

    private static func status(_ update: TemplateStatusUpdate) -> Parts {
        [
            "event": .string(update.event), "template": .string("\(update.templateID) \(update.name) \(update.language)"),
            "reason": text(update.reason), "category": text(update.category),
            "detail": text(update.detail), "recommendation": text(update.recommendation),
        ]
    }

    private static func quality(_ update: TemplateQualityUpdate) -> Parts {
        [
            "template": .string("\(update.templateID) \(update.name) \(update.language)"), "new": .string(update.new),
            "previous": text(update.previous),
        ]
    }

    private static func category(_ update: TemplateCategoryUpdate) -> Parts {
        [
            "template": .string("\(update.templateID) \(update.name) \(update.language)"), "new": text(update.new),
            "previous": text(update.previous),
        ]
    }

    private static func number(_ update: PhoneNumberQualityUpdate) -> Parts {
        [
            "display": .string(update.displayPhoneNumber), "event": .string(update.event),
            "limit": text(update.currentLimit),
        ]
    }

    // MARK: Writing

    private static func text(_ text: String?) -> JSONValue? { text.map(JSONValue.string) }
    private static func seconds(_ time: Date?) -> JSONValue? { time.map { JSONValue(Int($0.timeIntervalSince1970)) } }
    private static func code(_ error: GraphError) -> JSONValue { error.code.map { JSONValue($0) } ?? .null }

    private static func list(_ elements: [JSONValue]) -> JSONValue? {
        guard !elements.isEmpty else { return Optional<JSONValue>.none }
        return .array(elements)
    }

    private static func object(_ parts: Parts) -> JSONValue {
        var object = JSONObject()
        for (name, value) in parts { if let value { object[name] = value } }
        return .object(object)
    }
}
