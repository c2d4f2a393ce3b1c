public import Foundation

/// The value of a `messages` change: statuses of sent messages, inbound messages, the people they concern.
public struct MessagesValue: Sendable, Equatable {
    /// `metadata.phone_number_id`: what to route by.
    public var phoneNumberID: String
    /// In any of several formats: for showing only.
    public var displayPhoneNumber: String?
    public var contacts: [WebhookContact]
    public var statuses: [StatusUpdate]
    public var messages: [InboundMessage]
    /// Errors of the number or the account.
    public var errors: [GraphError]

    public init?(_ value: JSONValue) {
        guard value.object != nil else { return nil }
        phoneNumberID = value["metadata"]?["phone_number_id"]?.text ?? ""
        displayPhoneNumber = value["metadata"]?["display_phone_number"]?.text
        contacts = (value["contacts"]?.elements ?? []).compactMap(WebhookContact.init)
        statuses = (value["statuses"]?.elements ?? []).compactMap(StatusUpdate.init)
        messages = (value["messages"]?.elements ?? []).compactMap(InboundMessage.init)
        errors = (value["errors"]?.elements ?? []).compactMap { GraphError(errorObject: $0) }
    }
}

/// A person in a webhook. Any field may be missing: people with a username may hide their number.
public struct WebhookContact: Sendable, Equatable {
    public var waID: String?
    /// Business-scoped user id.
    public var userID: String?
    public var name: String?
    public var username: String?
    /// Only while the number's identity check is on.
    public var identityHash: String?

    init?(_ json: JSONValue) {
        guard json.object != nil else { return nil }
        waID = json["wa_id"]?.text
        userID = json["user_id"]?.text
        name = json["profile"]?["name"]?.text
        username = json["profile"]?["username"]?.text
        identityHash = json["identity_key_hash"]?.text
    }
}

/// A status of a sent message. It may come twice, late, before the answer to the send, or after a later one.
public struct StatusUpdate: Sendable, Equatable {
    /// The wamid.
    public var id: String
    public var status: DeliveryStatus
    /// In whole seconds: too coarse to order statuses by.
    public var timestamp: Date?
    /// Digits without plus; may differ from the number written to, and be missing.
    public var recipientID: String?
    public var recipientUserID: String?
    /// Only while the identity check is on and the message was sent without a hash.
    public var identityHash: String?
    /// `biz_opaque_callback_data` of the send.
    public var callbackData: String?
    public var errors: [GraphError]
    public var pricing: JSONValue?
    public var conversation: JSONValue?
    public var raw: JSONValue

    /// Nil without an id or a status.
    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.text, let status = json["status"]?.text else { return nil }
        self.id = id
        self.status = DeliveryStatus(rawValue: status)
        timestamp = json["timestamp"].flatMap(WebhookEnvelope.time)
        recipientID = json["recipient_id"]?.text
        recipientUserID = json["recipient_user_id"]?.text
        identityHash = json["recipient_identity_key_hash"]?.text
        callbackData = json["biz_opaque_callback_data"]?.text
        errors = (json["errors"]?.elements ?? []).compactMap { GraphError(errorObject: $0) }
        pricing = json["pricing"]
        conversation = json["conversation"]
        raw = json
    }
}

/// A message somebody wrote, or a notice of the system about them.
public struct InboundMessage: Sendable, Equatable {
    /// The wamid.
    public var id: String
    /// Missing for people who hide their number.
    public var from: String?
    public var fromUserID: String?
    public var timestamp: Date?
    /// Open: `text`, `image`, `button`, `interactive`, `system`, `unsupported`, …
    public var type: String
    /// The text, where it has one: of a text message, a button, a reply or a caption.
    public var text: String?
    public var system: SystemNotice?
    /// A legacy notice of a changed identity: its new hash.
    public var changedIdentityHash: String?
    public var errors: [GraphError]
    public var raw: JSONValue

    /// Nil without an id.
    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        from = json["from"]?.text
        fromUserID = json["from_user_id"]?.text
        timestamp = json["timestamp"].flatMap(WebhookEnvelope.time)
        type = json["type"]?.text ?? ""
        let content = json[type]
        text =
            content?["body"]?.text ?? content?["text"]?.text ?? content?["caption"]?.text ?? content?["button_reply"]?["title"]?.text
            ?? content?["list_reply"]?["title"]?.text
        system = type == "system" ? json["system"].map(SystemNotice.init) : nil
        changedIdentityHash = json["identity"]?["hash"]?.text ?? (type == "system" ? json["system"]?["identity"]?.text : nil)
        errors = (json["errors"]?.elements ?? []).compactMap { GraphError(errorObject: $0) }
        raw = json
    }
}

/// A person changed their number or their user id.
public struct SystemNotice: Sendable, Equatable {
    /// `user_changed_number`, `user_changed_user_id`, and legacy forms.
    public var type: String
    public var body: String?
    /// The new number.
    public var waID: String?
    public var userID: String?
    public var previousUserID: String?

    init(_ json: JSONValue) {
        type = json["type"]?.text ?? ""
        body = json["body"]?.text
        waID = json["wa_id"]?.text ?? json["new_wa_id"]?.text
        userID = json["user_id"]?.text
        previousUserID = json["previous_user_id"]?.text
    }
}
