/// Why the private PostgreSQL cannot be used.
public struct PrivatePostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The server programs are not installed.
        case notInstalled = "not_installed"
        /// The folder cannot be made, entered or written.
        case folder
        /// PostgreSQL must not run as root and there is no other user to run it as.
        case noUser = "no_user"
        /// initdb or the server failed.
        case failed
        /// Another process kept the cluster's lock for too long.
        case locked
    }

    public var code: Code
    /// What, where, and what to do.
    public var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
