public import Foundation

/// What a sender does with identity hashes.
public enum IdentityMode: String, Sendable, Codable, CaseIterable {
    case off
    /// Collects hashes, attaches none.
    case observe
    /// Attaches what is known; Meta then refuses a recipient whose identity has changed.
    case enforce
}

public enum SenderState: String, Sendable, Codable {
    case active
    /// Nothing goes out until a person has looked; the reason says why.
    case stopped
    /// The number has another id now, or is gone.
    case retired
}

/// A business phone number that messages are sent from.
public struct Sender: Sendable, Codable, Equatable {
    public var phoneNumberID: String
    public var e164: String
    public var wabaID: String
    public var clientID: String
    /// The business portfolio that owns the WABA, whose messaging limit all its numbers share; nil while it is not known.
    public var portfolioID: String?
    /// Numbers without a plus are read as national ones of this region.
    public var defaultRegion: String?
    /// Messages a second that Meta allows: 80, coexistence 20, upgraded 1,000.
    public var perSecond: Double
    /// A person has set it: what Meta says changes it no more.
    public var perSecondIsSet: Bool
    /// Its throughput only counts and holds nothing back (`relevo limits set number.standard --shadow on`).
    public var isInShadow: Bool
    /// Meta's word for its throughput: `STANDARD`, `HIGH`, `NOT_APPLICABLE`, or `COEXISTENCE` for a number that is still on the Business app; nil
    /// before Meta was asked.
    public var throughputLevel: String?
    /// When Meta was last asked for its limits (real time), and what went wrong then.
    public var askedAt: Date?
    public var askError: String?
    public var identityMode: IdentityMode
    public var state: SenderState
    public var stoppedReason: String?
    public var stoppedBy: String?
    public var stoppedAt: Date?
    /// The id the number has since its cut-over.
    public var movedTo: String?
    public var createdAt: Date
    public var updatedAt: Date

    /// Key of its lane.
    public var laneKey: String { Sender.laneKey(phoneNumberID) }
    public static func laneKey(_ phoneNumberID: String) -> String { laneKeyPrefix + phoneNumberID }
    private static let laneKeyPrefix = "number:"

    /// Nil when the lane is not one of a sender's messages.
    static func phoneNumberID(laneKey: String) -> String? {
        laneKey.hasPrefix(laneKeyPrefix) ? String(laneKey.dropFirst(laneKeyPrefix.count)) : nil
    }
}

/// A sender to be added.
public struct NewSenderRecord: Sendable, Equatable {
    public var phoneNumberID: String
    /// With its plus.
    public var e164: String
    public var wabaID: String
    public var clientID: String
    public var portfolioID: String?
    public var defaultRegion: String?
    /// Nil: as Meta says, and what is usual until it was asked.
    public var perSecond: Double?
    /// A person's word. Not: what it begins with, until Meta is asked.
    public var perSecondIsSet: Bool
    public var identityMode: IdentityMode

    public init(
        phoneNumberID: String, e164: String, wabaID: String, clientID: String = "", portfolioID: String? = nil,
        defaultRegion: String? = nil,
        perSecond: Double? = nil, perSecondIsSet: Bool = true, identityMode: IdentityMode = .off
    ) {
        self.perSecondIsSet = perSecondIsSet
        self.portfolioID = portfolioID
        self.phoneNumberID = phoneNumberID
        self.e164 = e164
        self.wabaID = wabaID
        self.clientID = clientID
        self.defaultRegion = defaultRegion
        self.perSecond = perSecond
        self.identityMode = identityMode
    }
}

/// What is to be changed of a sender; nil leaves it.
public struct SenderChange: Sendable {
    public var wabaID: String?
    public var clientID: String?
    /// The inner nil takes it away, until Meta is asked again.
    public var portfolioID: String??
    /// The inner nil takes the region away.
    public var defaultRegion: String??
    /// The inner nil leaves it to Meta again.
    public var perSecond: Double??
    /// A person's word. Not: what it has until Meta is asked.
    public var perSecondIsSet: Bool
    public var identityMode: IdentityMode?

    public init(
        wabaID: String? = nil, clientID: String? = nil, portfolioID: String?? = nil, defaultRegion: String?? = nil,
        perSecond: Double?? = nil, perSecondIsSet: Bool = true, identityMode: IdentityMode? = nil
    ) {
        self.perSecondIsSet = perSecondIsSet
        self.portfolioID = portfolioID
        self.wabaID = wabaID
        self.clientID = clientID
        self.defaultRegion = defaultRegion
        self.perSecond = perSecond
        self.identityMode = identityMode
    }
}

/// A sender that cannot be added, changed or found.
public struct SenderError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        case badValue = "bad_value"
        case notFound = "not_found"
        case retired
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
