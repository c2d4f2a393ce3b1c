public import Foundation

/// What may be shown of a stored access token.
public struct StoredCredential: Sendable, Equatable, Codable {
    public var id: UUID
    public var name: String
    /// The WABAs it serves, sorted; empty when `everyWABA`.
    public var wabaIDs: [String]
    /// Serves every WABA that no other credential names.
    public var everyWABA: Bool
    /// The master key it is sealed under.
    public var keyID: String
    public var createdAt: Date
    /// Nil until the token was replaced for the first time.
    public var rotatedAt: Date?

    private enum CodingKeys: String, CodingKey {
        case id, name
        case wabaIDs = "waba_ids"
        case everyWABA = "every_waba"
        case keyID = "key_id"
        case createdAt = "created_at"
        case rotatedAt = "rotated_at"
    }
}
