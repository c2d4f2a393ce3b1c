/// Why the HTTP side, or a request to its keys, failed.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case portInUse = "port_in_use"
        case addressNotAvailable = "address_not_available"
        case portNotAllowed = "port_not_allowed"
        case badValue = "bad_value"
        case nameTaken = "name_taken"
        case notFound = "not_found"
    }

    public var code: Code
    /// What, where, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func portInUse(_ host: String, _ port: Int) -> ServerError {
        ServerError(
            .portInUse,
            "port \(port) on \(host) is in use by another program; stop it, or choose another with RELEVO_HTTP_PORT")
    }

    public var description: String { message }
}
