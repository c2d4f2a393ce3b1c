public import Foundation

/// A system of a client's that webhooks go on to.
public struct Relay: Sendable, Codable, Equatable {
    public enum Scope: String, Sendable, Codable {
        case waba
        /// Goes before those of its WABA, and with the number when it moves.
        case number
    }

    public var id: Int64
    public var scope: Scope
    /// A WABA, or a phone number id.
    public var scopeID: String
    public var clientID: String
    public var url: String
    /// POSTs to it at a time.
    public var parallel: Int
    public var isPaused: Bool
    /// POSTs that wait.
    public var waiting: Int
    public var delivered: Int
    /// Not delivered for seven days.
    public var givenUp: Int
    /// Not taken, because too many waited.
    public var dropped: Int
    /// Real times.
    public var deliveredAt: Date?
    public var failedAt: Date?
    public var failure: String?
    public var createdAt: Date
    public var createdBy: String

    enum CodingKeys: String, CodingKey {
        case id, scope, url, parallel, waiting, delivered, dropped, failure
        case scopeID = "scope_id"
        case clientID = "client_id"
        case isPaused = "paused"
        case givenUp = "given_up"
        case deliveredAt = "delivered_at"
        case failedAt = "failed_at"
        case createdAt = "created_at"
        case createdBy = "created_by"
    }
}

/// A relay that cannot be added, changed or found.
public struct RelayError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        case badValue = "bad_value"
        case notFound = "not_found"
        case exists
    }

    public var code: Code
    public var message: String
    public var description: String { message }
}
