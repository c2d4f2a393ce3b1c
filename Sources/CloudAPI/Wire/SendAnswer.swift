/// Meta's answer to an accepted message.
public struct SendAnswer: Sendable, Equatable {
    public struct Contact: Sendable, Equatable {
        public var input: String?
        /// Digits; may differ from the number written to. Missing when a user id was written to.
        public var waID: String?
        public var userID: String?
    }

    /// The wamid: opaque.
    public var messageID: String
    /// Nil for most messages.
    public var status: AcceptedStatus?
    public var contacts: [Contact]
    public var raw: JSONValue

    /// Nil without a message id: then nothing can be told apart later, and the send counts as ambiguous.
    public init?(_ json: JSONValue) {
        guard let message = json["messages"]?[0], let id = message["id"]?.text, !id.isEmpty else { return nil }
        messageID = id
        status = message["message_status"]?.text.map(AcceptedStatus.init(rawValue:))
        contacts = (json["contacts"]?.elements ?? []).map {
            Contact(input: $0["input"]?.text, waID: $0["wa_id"]?.text, userID: $0["user_id"]?.text)
        }
        raw = json
    }
}

/// An uploaded file.
public struct MediaNode: Sendable, Codable, Equatable {
    public var id: String
    /// Short-lived; needs the token.
    public var url: String?
    public var mimeType: String?
    public var sha256: String?
    public var fileSize: Int?
    public var raw: JSONValue

    public init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        url = json["url"]?.text
        mimeType = json["mime_type"]?.text
        sha256 = json["sha256"]?.text
        fileSize = json["file_size"]?.integer
        raw = json
    }
}
