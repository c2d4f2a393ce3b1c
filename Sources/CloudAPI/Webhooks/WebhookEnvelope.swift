public import Foundation

/// One POST of Meta's: updates of any number of WABAs.
///
/// Decoding never fails on content: what has another shape than documented is kept in `value` and left to whoever knows better. It fails
/// only when the body is no JSON object with an `entry` list.
public struct WebhookEnvelope: Sendable, Equatable {
    /// `whatsapp_business_account`.
    public var object: String
    public var entries: [WebhookEntry]
    /// Updates beyond `maximumUpdates`, which were not decoded.
    public var dropped: Int

    /// Twenty times what Meta promises to send in one POST at most.
    public static let maximumUpdates = 20_000

    /// Reads a body. Throws `JSONError`.
    public init(body: some Sequence<UInt8>) throws {
        let json = try JSONValue(parsing: body)
        guard json.object != nil else { throw JSONError(offset: 0, message: "a webhook is an object") }
        guard let list = json["entry"]?.elements else { throw JSONError(offset: 0, message: "a webhook has a list `entry`") }
        object = json["object"]?.text ?? ""
        entries = []
        dropped = 0
        var room = Self.maximumUpdates
        for entry in list {
            var read = WebhookEntry(id: entry["id"]?.text ?? "", time: entry["time"].flatMap(Self.time), changes: [])
            // Some POSTs carry one change in `changes` as an object, not a list.
            let changes = entry["changes"]?.elements ?? entry["changes"].map { [$0] } ?? []
            for change in changes {
                guard room > 0 else {
                    dropped += 1
                    continue
                }
                let value = change["value"] ?? .null
                let decoded = WebhookChange(field: WebhookField(rawValue: change["field"]?.text ?? ""), value: value)
                room -= max(1, decoded.count)
                read.changes.append(decoded)
            }
            entries.append(read)
        }
    }

    /// Every change with the id of its entry: the WABA, or the portfolio for `PARTNER_…` account updates.
    public var changes: [(wabaID: String, change: WebhookChange)] {
        entries.flatMap { entry in entry.changes.map { (entry.id, $0) } }
    }

    /// A time as webhooks give it; nil for what is none.
    package static func time(_ json: JSONValue) -> Date? {
        guard let number = json.double, number.isFinite, number > 0 else { return nil }
        // Seconds everywhere; a few fields have been seen with milliseconds.
        let seconds = number > 100_000_000_000 ? number / 1000 : number
        // What lies beyond the year 9999 is no time, and could not be stored.
        return seconds < 253_402_300_800 ? Date(timeIntervalSince1970: seconds) : nil
    }
}

public struct WebhookEntry: Sendable, Equatable {
    public var id: String
    /// Only on management fields.
    public var time: Date?
    public var changes: [WebhookChange]
}

public struct WebhookChange: Sendable, Equatable {
    public var field: WebhookField
    /// As it came.
    public var value: JSONValue

    public init(field: WebhookField, value: JSONValue) {
        self.field = field
        self.value = value
    }

    /// The value of a `messages` change.
    public var messages: MessagesValue? { field == .messages ? MessagesValue(value) : nil }
    /// The value of a template's status change.
    public var templateStatus: TemplateStatusUpdate? { field == .templateStatus ? TemplateStatusUpdate(value) : nil }
    /// The value of a template's quality change.
    public var templateQuality: TemplateQualityUpdate? { field == .templateQuality ? TemplateQualityUpdate(value) : nil }
    /// The value of a template's category change.
    public var templateCategory: TemplateCategoryUpdate? { field == .templateCategory ? TemplateCategoryUpdate(value) : nil }
    /// The value of a number's quality or throughput change.
    public var phoneNumberQuality: PhoneNumberQualityUpdate? {
        field == .phoneNumberQuality ? PhoneNumberQualityUpdate(value) : nil
    }

    /// Updates in it: statuses, messages and errors, or 1.
    public var count: Int {
        guard field == .messages else { return 1 }
        return ["statuses", "messages", "errors"].reduce(0) { $0 + (value[$1]?.elements?.count ?? 0) }
    }
}
