public import CloudAPI
public import Foundation

/// Where a message stands. It only ever moves towards its end, whatever the order in which news arrives.
public enum MessageState: String, Sendable, Codable, CaseIterable {
    case queued
    /// Waits for a person: its recipient or its template is not to be written to, or with.
    case held
    /// The intent is stored; the request is being made.
    case sending
    /// The request was made and its answer lost: settled by a status, or by a person. Never sent again by itself.
    case unknown
    case accepted
    case sent
    case delivered
    case read
    case failed
    case expired
    case cancelled

    /// Whether a workflow that waits for the outcome can go on.
    public var isFinal: Bool { [.delivered, .read, .failed, .expired, .cancelled].contains(self) }
}

/// A message as it is stored.
public struct MessageRecord: Sendable, Codable, Equatable {
    public var id: UUID
    /// Order of hand-in; the cursor of lists.
    public var seq: Int64
    public var sender: String
    public var edge: MessageEdge
    public var lane: MessageLane
    public var priority: Int16
    /// The recipient as the caller wrote it.
    public var to: String
    public var e164: String?
    public var userID: String?
    /// `international`, `region` or `only_reading`; nil for a user id.
    public var rule: String?
    public var kind: String
    public var templateName: String?
    public var templateLanguage: String?
    public var state: MessageState
    /// A word, or Meta's error code.
    public var reasonCode: String?
    public var reason: String?
    public var attempts: Int
    public var hashAttached: Bool
    public var wamid: String?
    public var waID: String?
    /// Meta's answer as it came.
    public var graphAnswer: Data?
    /// Meta's refusal as it came.
    public var graphError: Data?
    public var httpStatus: Int?
    public var errorCode: Int?
    public var tag: String?
    /// The caller's own `biz_opaque_callback_data`.
    public var clientData: String?
    public var apiKeyID: UUID?
    /// Unknown for so long that a person has to decide.
    public var needsPerson: Bool
    public var createdAt: Date
    public var updatedAt: Date
    public var expiresAt: Date?
    public var acceptedAt: Date?
    public var deliveredAt: Date?
    public var readAt: Date?
    public var failedAt: Date?

    /// Whether something has become of it: Meta took it, or it has ended.
    public var hasOutcome: Bool { wamid != nil || graphAnswer != nil || [.failed, .expired, .cancelled].contains(state) }
}

/// One thing that happened to a message.
public struct MessageEvent: Sendable, Codable, Equatable {
    /// `submitted`, `held`, `sending`, `accepted`, `refused`, `unknown`, `status.delivered`, …
    public var kind: String
    /// Business time of recording.
    public var at: Date
    /// Meta's own time, for statuses.
    public var occurredAt: Date?
    public var wamid: String?
    public var code: Int?
    public var detail: String?
    /// As it came from Meta.
    public var data: Data?
}

/// Which messages a list holds. Everything given must hold.
public struct MessageFilter: Sendable {
    /// nil: of every sender; empty: of none.
    public var senders: [String]?
    public var states: [MessageState] = []
    public var tag: String?
    public var tagPrefix: String?
    /// E.164 or user id.
    public var address: String?
    public var apiKeyID: UUID?
    public var needsPerson: Bool?
    public var createdFrom: Date?
    public var createdTo: Date?
    /// `next` of the page before.
    public var cursor: Int64?
    /// At most 1,000.
    public var limit = 100

    public init(senders: [String]? = nil) { self.senders = senders }
}

/// Newest first.
public struct MessagePage: Sendable, Codable, Equatable {
    public var messages: [MessageRecord]
    /// nil on the last page.
    public var next: Int64?
}

/// One reason why a message stands where it stands.
public struct Reason: Sendable, Codable, Equatable {
    /// `recipient_changed`, `sender_stopped`, `lane_busy`, `pair`, `template_held`, `waiting_for_status`, …
    public var code: String
    public var text: String
    /// The key that holds it back: `number:1067…`, `pair:1067…:+1631…`, `template:waba:name:en_US`.
    public var key: String?
    /// When that ends, where it ends by itself.
    public var until: Date?

    public init(code: String, text: String, key: String? = nil, until: Date? = nil) {
        self.code = code
        self.text = text
        self.key = key
        self.until = until
    }
}

/// Messages of a tag by what became of them. Every message is counted in exactly one of the states.
public struct TagCounts: Sendable, Codable, Equatable {
    public var submitted = 0
    /// Queued or being sent.
    public var queued = 0
    public var held = 0
    /// Accepted or sent, not yet delivered.
    public var accepted = 0
    /// Delivered, not (yet) read.
    public var delivered = 0
    public var read = 0
    public var failed = 0
    public var unknown = 0
    public var expired = 0
    public var cancelled = 0
    /// Failures by Meta's error code; 0 for those without.
    public var failedCodes: [Int: Int] = [:]

    public init() {}
}
