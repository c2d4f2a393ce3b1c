/// Why a database does not fit this program, or could not be made to.
public struct SchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Files of this program have not been applied.
        case older
        /// The database holds files this program does not know.
        case newer
        /// A file was edited after it had been applied.
        case changed
        /// Another process kept the migration lock for too long.
        case locked
        /// A file could not be applied; nothing of it remains.
        case failed
    }

    public let code: Code
    /// The files it is about.
    public let files: [String]
    /// What, where, and what to do.
    public let description: String

    init(_ code: Code, files: [String], _ description: String) {
        self.code = code
        self.files = files
        self.description = description
    }
}
