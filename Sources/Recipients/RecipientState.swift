public import Foundation

/// Whether messages may go to a recipient.
public enum Trust: String, Sendable, Codable {
    case trusted
    /// Their identity changed: nothing goes out until a person has verified them.
    case changed
}

/// What made a recipient `changed`. Open: a newer version may know more.
public struct TrustCause: RawRepresentable, Hashable, Sendable, Codable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// Meta refused a hash (137000).
    public static let mismatch = TrustCause(rawValue: "mismatch")
    /// A sender in enforce mode saw another hash than before.
    public static let observed = TrustCause(rawValue: "observed")
    /// The number belongs to another user id than before.
    public static let anotherUser = TrustCause(rawValue: "another_user")
    /// Meta said that the person has left this number.
    public static let numberChanged = TrustCause(rawValue: "number_changed")
}

/// What a recipient does not want.
public enum OptOutScope: String, Sendable, Codable {
    case marketing
    /// Nothing at all.
    case all
}

/// What admission needs to know of one recipient of one sender.
public struct RecipientState: Sendable, Equatable {
    /// As Meta gave it; nil for a user whose number is hidden.
    public var waID: String?
    public var userID: String?
    /// The newest observed identity hash.
    public var hash: String?
    public var trust: Trust
    /// Why the trust was lost, and when (business time); nil while trusted.
    public var cause: TrustCause?
    public var changedAt: Date?
    /// Verified anew: goes without a hash until one is observed.
    public var isLearning: Bool
    public var optOut: OptOutScope?

    /// What a sender in enforce mode attaches as `recipient_identity_key_hash`; nil when nothing is to be attached, or nothing to be sent.
    public var hashToAttach: String? { trust == .trusted && !isLearning ? hash : nil }
}
