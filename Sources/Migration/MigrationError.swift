/// Why a request about the fleet, a plan or a number was refused.
public struct MigrationError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Codable, Sendable {
        case notFound = "not_found"
        /// The file has errors and good rows were not asked for.
        case rejectedRows = "rejected_rows"
        case emptyFleet = "empty_fleet"
        case notApproved = "not_approved"
        case notNewest = "not_newest"
        case wrongState = "wrong_state"
        case conflict
        case badCode = "bad_code"
        case noCodeExpected = "no_code_expected"
        case linkInvalid = "link_invalid"
        case pastNoReturn = "past_no_return"
        case noWindow = "no_window"
    }

    public var code: Code
    /// What, where, and what to do.
    public var message: String

    /// Another client's number does not exist either.
    public static func unknown(_ ref: String) -> MigrationError {
        MigrationError(.notFound, "no number \(ref) in an armed plan; relevo migration list shows those there are")
    }

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
    /// Whether a person has to act before the same request can succeed.
    public var needsPerson: Bool { [.notApproved, .noCodeExpected, .wrongState].contains(code) }
}
