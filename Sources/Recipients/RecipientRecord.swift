public import Foundation

/// Everything that is known of a recipient of one sender.
public struct RecipientRecord: Sendable, Equatable, Codable {
    /// Orders records; the cursor of a list.
    public var id: Int64
    public var phoneNumberID: String
    public var waID: String?
    public var userID: String?
    /// Numbers that Meta answered this `wa_id` for, besides its own digits.
    public var numbers: [String]
    public var trust: Trust
    public var cause: TrustCause?
    public var changedAt: Date?
    public var verifiedAt: Date?
    public var isLearning: Bool
    public var hash: String?
    public var hashAt: Date?
    public var hashSource: String?
    public var optOuts: [OptOut]
    /// Oldest first, all of them.
    public var verifications: [Verification]
    /// Newest first.
    public var events: [Event]

    /// A wish not to be written to, or its end.
    public struct OptOut: Sendable, Equatable, Codable {
        public var scope: OptOutScope
        public var active: Bool
        public var source: String
        public var changedAt: Date

        private enum CodingKeys: String, CodingKey {
            case scope, active, source
            case changedAt = "changed_at"
        }
    }

    /// Who vouched for the recipient, and how they knew.
    public struct Verification: Sendable, Equatable, Codable {
        public var by: String
        public var how: String
        public var cause: TrustCause?
        public var previousHash: String?
        public var at: Date

        private enum CodingKeys: String, CodingKey {
            case by, how, cause, at
            case previousHash = "previous_hash"
        }
    }

    /// Something that happened: `first`, `replaced`, `changed`, `learned`, `late`, `mismatch`, `stale_mismatch`, `verified`, `alias`,
    /// `merged`, `moved`, `another_user`, `number_changed`, `came_from`, `opted_out`, `opted_in`, `carried`, `carried_distrust`.
    public struct Event: Sendable, Equatable, Codable {
        public var kind: String
        public var hash: String?
        public var detail: String?
        public var at: Date
    }

    private enum CodingKeys: String, CodingKey {
        case id, numbers, trust, cause, hash, verifications, events
        case phoneNumberID = "phone_number_id"
        case waID = "wa_id"
        case userID = "user_id"
        case changedAt = "changed_at"
        case verifiedAt = "verified_at"
        case isLearning = "learning"
        case hashAt = "hash_at"
        case hashSource = "hash_source"
        case optOuts = "opt_outs"
    }
}
