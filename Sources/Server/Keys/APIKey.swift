public import Foundation

/// What a key lets its holder do. `admin` includes the others.
public enum APIScope: String, Codable, Sendable, CaseIterable {
    case send, read, plan, admin
}

/// An API key as it is stored: never the key itself.
public struct APIKey: Encodable, Sendable, Equatable {
    public var id: UUID
    public var name: String
    /// The first characters of the key.
    public var hint: String
    public var scopes: [APIScope]
    /// The client whose senders it sees; nil sees all.
    public var clientID: String?
    public var createdBy: String
    public var createdAt: Date
    public var revokedBy: String?
    public var revokedAt: Date?

    private enum CodingKeys: String, CodingKey {
        case id, name, hint, scopes, clientID = "client_id", createdBy = "created_by", createdAt = "created_at", revokedBy = "revoked_by"
        case revokedAt = "revoked_at"
    }

    public func allows(_ scope: APIScope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

    /// Whether it may see what belongs to a client.
    func sees(client: String?) -> Bool { clientID == nil || clientID == client }

    /// How it is named in audits and stories.
    var actor: String { "key \(name)" }
}
