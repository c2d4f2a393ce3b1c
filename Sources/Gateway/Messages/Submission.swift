public import CloudAPI
public import Foundation

/// Which kind of traffic a message is. The order of a number's messages: tests first, then production, then rebuilds.
public enum MessageLane: String, Sendable, Codable, CaseIterable {
    case test
    case production
    case rebuild

    var priority: Int16 {
        switch self {
        case .test: 2
        case .production: 4
        case .rebuild: 6
        }
    }
}

/// A message handed in.
public struct Submission: Sendable {
    /// `phone_number_id`.
    public var sender: String
    /// Meta's message body, with `to` or `recipient`.
    public var body: JSONValue
    public var edge: MessageEdge
    public var lane: MessageLane
    /// ISO 3166-1 alpha-2, for numbers without a plus.
    public var region: String?
    /// Business time after which it is not sent any more.
    public var expiresAt: Date?
    /// 0 (first) to 9; nil takes the lane's.
    public var priority: Int16?
    public var idempotencyKey: String?
    /// Whose keys they are: an API key's id, or the name of a part of Relevo.
    public var idempotencyScope: String
    /// The caller's own `biz_opaque_callback_data`; nil takes the body's.
    public var clientData: String?
    /// The workflow run that gets the event `message:<lower-case uuid>` once it is known what became of the message.
    public var notifyRun: String?
    /// For counting: `rebuild:<id>:<step>`.
    public var tag: String?
    public var apiKeyID: UUID?
    /// The client whose senders the caller may use; nil: those of all.
    public var clientID: String?
    /// The caller does not wait for what becomes of it: an end that Meta does not tell of goes on to the systems that webhooks go to. Of a
    /// caller who waited in vain, `Gateway.answeredEarly` says it.
    public var isAnsweredEarly = false

    public init(
        sender: String, body: JSONValue, edge: MessageEdge = .messages, lane: MessageLane = .production, region: String? = nil,
        expiresAt: Date? = nil, priority: Int16? = nil, idempotencyKey: String? = nil, idempotencyScope: String = "",
        clientData: String? = nil, notifyRun: String? = nil, tag: String? = nil, apiKeyID: UUID? = nil
    ) {
        self.sender = sender
        self.body = body
        self.edge = edge
        self.lane = lane
        self.region = region
        self.expiresAt = expiresAt
        self.priority = priority
        self.idempotencyKey = idempotencyKey
        self.idempotencyScope = idempotencyScope
        self.clientData = clientData
        self.notifyRun = notifyRun
        self.tag = tag
        self.apiKeyID = apiKeyID
    }
}

/// What a hand-in gives back; the message is stored.
public struct Receipt: Sendable, Codable, Equatable {
    public var id: UUID
    /// The recipient as the caller wrote it.
    public var input: String
    public var e164: String?
    public var userID: String?
    /// Known from earlier answers of Meta's, else the digits of the number: provisional.
    public var waID: String?
    /// `queued`, or `held` with its reason; of a repeated hand-in the state the message has by now.
    public var state: MessageState
    public var reason: String?
    /// The same idempotency key and body came before: nothing new was stored.
    public var isDuplicate: Bool

    /// It has been queued just now.
    public var isNew: Bool { state == .queued && !isDuplicate }
}
