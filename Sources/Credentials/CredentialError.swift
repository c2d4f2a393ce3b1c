/// Why a secret cannot be stored, found or opened. Never holds a secret.
public struct CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        /// The master key setting or file does not hold base64 of 32 bytes.
        case badMasterKey = "bad_master_key"
        /// The key file cannot be read, written, or is open to others.
        case keyFile = "key_file"
        /// Sealed under a master key that this process does not have.
        case unknownKey = "unknown_key"
        /// The sealed bytes were changed, cut, or belong to something else.
        case damaged
        /// A name, token or WABA id that cannot be one.
        case badValue = "bad_value"
        /// No credential of that name.
        case notFound = "not_found"
        /// A credential of that name exists.
        case nameTaken = "name_taken"
        /// Another credential already serves that WABA.
        case wabaTaken = "waba_taken"
        /// No credential serves the WABA.
        case noCredential = "no_credential"
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
