/// Why a rebuild was not started, or cannot be changed as asked.
public struct RebuildError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        case notFound = "not_found"
        case badProfile = "bad_profile"
        case badRecipients = "bad_recipients"
        case badValue = "bad_value"
        case unknownSender = "unknown_sender"
        case senderStopped = "sender_stopped"
        case unknownTemplate = "unknown_template"
        case templateNotApproved = "template_not_approved"
        /// A parameter without an example, and no components given.
        case noExample = "no_example"
        /// Another rebuild of the same template is alive.
        case conflict
        case wrongState = "wrong_state"
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
