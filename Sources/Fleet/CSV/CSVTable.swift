/// A file read into columns by name, for the small files that come with a fleet.
public struct CSVTable: Sendable {
    public struct Row: Sendable {
        public var line: Int
        public var fields: [String: String]
    }

    public var columns: [String]
    public var rows: [Row]
    public var problems: [FleetProblem]
    /// Records of delimiters only, left out of `rows`.
    public var emptyRows = 0

    /// Reads a whole file; every record that is no row is a problem.
    public init(_ data: [UInt8], encoding: FileEncoding, required: [String]) {
        var reader = CSVReader(data, encoding: encoding)
        rows = []
        problems = []
        let header = reader.next()
        columns = header?.fields.map { $0.trimmingSpaces } ?? []
        note(header, encoding)
        for name in required where !columns.contains(name) {
            problems.append(
                FleetProblem(line: 1, column: name, code: "missing_column", value: nil, message: "the header has no column \(name)"))
        }
        for (index, name) in columns.enumerated() where !name.isEmpty && columns.firstIndex(of: name) != index {
            problems.append(
                FleetProblem(line: 1, column: name, code: "bad_value", value: name, message: "the header names the column \(name) twice"))
        }
        while let record = reader.next() {
            if record.isBlank { continue }
            if record.isEmpty && columns.count > 1 {
                emptyRows += 1
                continue
            }
            note(record, encoding)
            // Where quotes are wrong, the number of fields says nothing.
            if record.damage.contains(where: { $0.code == "bad_quote" }) { continue }
            if record.fields.count != columns.count {
                let short = record.fields.count < columns.count
                problems.append(
                    FleetProblem(
                        line: record.line, column: short ? columns[record.fields.count] : nil, code: short ? "short_row" : "long_row",
                        value: short ? nil : String(record.fields[columns.count].prefix(80)),
                        message: "\(record.fields.count) fields, the header has \(columns.count)"))
                continue
            }
            if !record.damage.isEmpty { continue }
            rows.append(
                Row(
                    line: record.line,
                    fields: Dictionary(zip(columns, record.fields.map(\.trimmingSpaces)), uniquingKeysWith: { first, _ in first })))
        }
    }

    private mutating func note(_ record: CSVRecord?, _ encoding: FileEncoding) {
        guard let record else { return }
        for (code, field) in record.damage {
            problems.append(
                FleetProblem(
                    line: record.line, column: field < columns.count ? columns[field] : nil, code: code,
                    value: field < record.fields.count ? String(record.fields[field].prefix(80)) : nil,
                    message: code == "bad_quote"
                        ? "a quote that does not open or close a field; write a quote inside a field as two, and the field in quotes"
                        : "bytes that are not \(encoding.rawValue) text, or U+0000; save the file as UTF-8, or give --encoding latin1"))
        }
    }
}
