/// A file read into columns by name, for the small files that come with a fleet.
public struct CSVTable: Sendable {
    public struct Row: Sendable {
        public var line: Int
        public var fields: [String: String]
    }

    public var columns: [String]
    public var rows: [Row] = []
    public var problems: [FleetProblem]
    /// Records of delimiters only, left out of `rows`.
    public var emptyRows = 0

    /// Reads a whole file; every record that is no row is a problem.
    public init(_ data: [UInt8], encoding: FileEncoding, required: [String]) {
        var reader = CSVRowReader(encoding: encoding, required: required)
        var rows: [Row] = []
        reader.feed(data)
        reader.finish()
        while let row = reader.next() { rows.append(row) }
        self.rows = rows
        (columns, problems, emptyRows) = (reader.columns, reader.takeProblems(), reader.emptyRows)
    }
}

/// Reads rows with columns by name in pieces as they come.
struct CSVRowReader {
    private var reader: CSVReader
    private let encoding: FileEncoding
    private let required: [String]
    private var hasHeader = false
    private(set) var columns: [String] = []
    /// What is no row, and what is wrong with the header; until they are taken.
    private var problems: [FleetProblem] = []
    private(set) var emptyRows = 0

    init(encoding: FileEncoding, required: [String]) {
        reader = CSVReader(encoding: encoding)
        self.encoding = encoding
        self.required = required
    }

    /// Whether the header has every column that is required.
    var isUsable: Bool { required.allSatisfy(columns.contains) }

    /// Gives it the next bytes of the file.
    mutating func feed(_ bytes: some Collection<UInt8>) { reader.feed(bytes) }

    /// Nothing follows.
    mutating func finish() { reader.finish() }

    /// The next row; nil when it is not there as a whole, or at the end.
    mutating func next() -> CSVTable.Row? {
        while let record = reader.next() {
            if !hasHeader { readHeader(record) } else if let row = row(record) { return row }
        }
        if reader.isOver, !hasHeader { readHeader(nil) }
        return nil
    }

    /// The problems so far, which are then forgotten.
    mutating func takeProblems() -> [FleetProblem] {
        defer { problems.removeAll(keepingCapacity: true) }
        return problems
    }

    private mutating func readHeader(_ header: CSVRecord?) {
        hasHeader = true
        columns = header?.fields.map { $0.trimmingSpaces } ?? []
        note(header)
        for name in required where !columns.contains(name) {
            problems.append(
                FleetProblem(line: 1, column: name, code: "missing_column", value: nil, message: "the header has no column \(name)"))
        }
        var seen: Set<String> = []
        for name in columns where !name.isEmpty && !seen.insert(name).inserted {
            problems.append(
                FleetProblem(line: 1, column: name, code: "bad_value", value: name, message: "the header names the column \(name) twice"))
        }
    }

    private mutating func row(_ record: CSVRecord) -> CSVTable.Row? {
        if record.isBlank { return nil }
        if record.isEmpty && columns.count > 1 {
            emptyRows += 1
            return nil
        }
        note(record)
        // Where quotes are wrong, or the record is cut off, the number of fields says nothing.
        if record.damage.contains(where: { $0.code != "bad_encoding" }) { return nil }
        if record.fields.count != columns.count {
            let short = record.fields.count < columns.count
            problems.append(
                FleetProblem(
                    line: record.line, column: short ? columns[record.fields.count] : nil, code: short ? "short_row" : "long_row",
                    value: short ? nil : String(record.fields[columns.count].prefix(80)),
                    message: "\(record.fields.count) fields, the header has \(columns.count)"))
            return nil
        }
        if !record.damage.isEmpty { return nil }
        return CSVTable.Row(
            line: record.line,
            fields: Dictionary(zip(columns, record.fields.map(\.trimmingSpaces)), uniquingKeysWith: { first, _ in first }))
    }

    private mutating func note(_ record: CSVRecord?) {
        guard let record else { return }
        for (code, field) in record.damage {
            let message =
                switch code {
                case "bad_quote":
                    "a quote that does not open or close a field; write a quote inside a field as two, and the field in quotes"
                case "long_row": "longer than \(CSVReader.longestRecord >> 20) MiB; is a line's end missing?"
                default: "bytes that are not \(encoding.rawValue) text, or U+0000; save the file as UTF-8, or give --encoding latin1"
                }
            problems.append(
                FleetProblem(
                    line: record.line, column: field < columns.count ? columns[field] : nil, code: code,
                    value: field < record.fields.count ? String(record.fields[field].prefix(80)) : nil, message: message))
        }
    }
}
