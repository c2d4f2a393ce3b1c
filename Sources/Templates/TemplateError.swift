/// Why the template work cannot go on.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        /// An inventory went on past the largest a WABA may hold.
        case tooMany = "too_many"
        /// A parameter without an example.
        case noExample = "no_example"
        /// The template is not in the stored inventory.
        case notFound = "not_found"
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
