public import Foundation

/// What one webhook, or one answer, said of a recipient.
public struct IdentityObservation: Sendable {
    /// Where it was seen.
    public enum Source: String, Sendable, Codable {
        /// `contacts[].identity_key_hash` of an inbound message.
        case inbound
        /// `recipient_identity_key_hash` of a status.
        case status
        /// A system message, or a legacy `identity` object.
        case system
    }

    public var phoneNumberID: String
    /// As Meta wrote it; at least one of the two is needed.
    public var waID: String?
    public var userID: String?
    /// Nil when the identity check is off: the names are still learned.
    public var hash: String?
    public var source: Source
    /// The event's own time.
    public var at: Date
    /// Whether the sender is in enforce mode: then another hash than the known one makes the recipient `changed`.
    public var senderEnforces: Bool

    public init(
        phoneNumberID: String, waID: String?, userID: String? = nil, hash: String?, source: Source, at: Date, senderEnforces: Bool
    ) {
        self.phoneNumberID = phoneNumberID
        self.waID = waID
        self.userID = userID
        self.hash = hash
        self.source = source
        self.at = at
        self.senderEnforces = senderEnforces
    }

    var isStorable: Bool {
        (waID != nil || userID != nil) && [phoneNumberID, waID, userID, hash].allSatisfy { $0.map(Bounds.fits) ?? true }
    }
}

/// What an observation did.
public enum ObservationVerdict: String, Sendable, Codable {
    /// No hash in it.
    case seen
    /// The first hash of this recipient.
    case first
    /// The known hash again.
    case same
    /// The first hash after a verification.
    case learned
    /// Another hash; it is the current one now.
    case replaced
    /// Another hash than the known one, newer or older, and the sender enforces: the recipient is `changed` from now on.
    case changed
    /// Older than what is known; kept in the history only.
    case late
    /// Names nobody, or holds text that cannot be stored.
    case refused
}
