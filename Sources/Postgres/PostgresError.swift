/// What went wrong between Relevo and PostgreSQL.
///
/// `description` is safe to show to anybody; `debugDescription` adds detail that may quote stored values.
public struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        enum Internal: String {
            case configuration, pooled, connectionFailed, server, leaseTimeout, shuttingDown, decoding, encoding, unexpected
        }
        let value: Internal
        /// The name of the kind.
        public var description: String { value.rawValue }
        /// The connection string cannot be understood.
        public static let configuration = Code(value: .configuration)
        /// The address leads to a pooler where the server itself is needed.
        public static let pooled = Code(value: .pooled)
        /// No connection, or the connection was lost: the outcome of a statement in flight is not known.
        public static let connectionFailed = Code(value: .connectionFailed)
        /// The server answered with an error; see `sqlState`.
        public static let server = Code(value: .server)
        /// No pooled connection became free in time.
        public static let leaseTimeout = Code(value: .leaseTimeout)
        /// The client has been shut down.
        public static let shuttingDown = Code(value: .shuttingDown)
        /// A column does not hold what the program asked for.
        public static let decoding = Code(value: .decoding)
        /// A parameter cannot be sent (U+0000 in text).
        public static let encoding = Code(value: .encoding)
        /// libpq answered in a way its documentation excludes.
        public static let unexpected = Code(value: .unexpected)
    }

    /// The kind of failure.
    public var code: Code
    /// Plain words; never holds a password or a parameter.
    public var message: String
    /// The five characters of SQLSTATE, when the server gave them.
    public var sqlState: String?
    /// The server's DETAIL; may quote stored values.
    public var detail: String?
    /// The server's HINT.
    public var hint: String?
    /// The violated constraint.
    public var constraint: String?
    /// The table the error is about.
    public var table: String?
    /// The statement, without its parameters.
    public var sql: String?
    /// The character of the statement the server points at, counted from 1.
    public var position: Int?
    /// Where in the program the statement stands.
    public var file: String?
    public var line: Int?

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same call may succeed later without a change: connection trouble, deadlock, serialisation, server starting or stopping.
    public var isTransient: Bool {
        if code == .connectionFailed || code == .leaseTimeout { return true }
        guard let sqlState else { return false }
        if sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || sqlState.hasPrefix("53") { return true }
        return ["40001", "40P01", "25006", "55P03"].contains(sqlState)
    }

    /// Whether a unique index refused the row; `constraint` narrows it to one index.
    public func isUniqueViolation(of constraint: String? = nil) -> Bool {
        sqlState == "23505" && (constraint == nil || constraint == self.constraint)
    }

    public var description: String {
        if let sqlState { return "PostgreSQL: \(message) (SQLSTATE \(sqlState))" }
        return "PostgreSQL: \(message)"
    }

    public var debugDescription: String {
        var text = description
        if let detail { text += "; detail: \(detail)" }
        if let hint { text += "; hint: \(hint)" }
        if let table { text += "; table: \(table)" }
        if let constraint { text += "; constraint: \(constraint)" }
        if let file, let line { text += "; at \(file):\(line)" }
        if let sql { text += "; statement: \(sql)" }
        return text
    }
}
