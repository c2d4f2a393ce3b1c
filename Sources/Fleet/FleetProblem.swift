/// One thing wrong with a file, and where.
public struct FleetProblem: Codable, Hashable, Sendable {
    /// The line on which the row starts, from 1; the header is line 1.
    public var line: Int
    /// The column's name; nil when the row as a whole is wrong.
    public var column: String?
    /// One of the codes of CONTRACTS section 3.
    public var code: String
    /// What was found.
    public var value: String?
    /// What is expected, in plain words.
    public var message: String

    public init(line: Int, column: String?, code: String, value: String?, message: String) {
        self.line = line
        self.column = column
        self.code = code
        self.value = value
        self.message = message
    }

    private enum CodingKeys: String, CodingKey { case line, column, code, value, message }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(line, forKey: .line)
        try container.encode(column, forKey: .column)
        try container.encode(code, forKey: .code)
        try container.encode(value, forKey: .value)
        try container.encode(message, forKey: .message)
    }
}
