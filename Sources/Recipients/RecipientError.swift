/// Why something about a recipient cannot be stored.
public struct RecipientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        /// Neither a number in E.164 nor a user id.
        case badAddress = "bad_address"
        /// A text that is empty or too long.
        case badValue = "bad_value"
    }

    public var code: Code
    /// What, where, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
