/// How the bytes of a file stand for characters.
public enum FileEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case latin1
}

/// One record of a CSV file.
struct CSVRecord {
    /// The line on which it starts, from 1.
    var line: Int
    var fields: [String]
    /// `bad_quote` or `bad_encoding`, with the number of the field.
    var damage: [(code: String, field: Int)] = []
    var isBlank: Bool { fields.count == 1 && fields[0].isEmpty && damage.isEmpty }
}

/// Reads RFC 4180 with `,`, `;` or tab, CRLF or LF, with or without a byte order mark.
struct CSVReader {
    private var bytes: ArraySlice<UInt8>
    private let encoding: FileEncoding
    private let delimiter: UInt8
    private var line = 1

    init(_ data: [UInt8], encoding: FileEncoding) {
        var bytes = data[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        self.bytes = bytes
        self.encoding = encoding
        delimiter = Self.sniff(bytes)
    }

    /// The delimiter found most often in the header, outside quotes.
    private static func sniff(_ bytes: ArraySlice<UInt8>) -> UInt8 {
        var counts: [UInt8: Int] = [:]
        var quoted = false
        for byte in bytes {
            if byte == UInt8(ascii: "\"") { quoted.toggle() }
            if !quoted && (byte == 10 || byte == 13) { break }
            if !quoted { counts[byte, default: 0] += 1 }
        }
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 9]
        return candidates.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? candidates[0]
    }

    /// The next record, nil at the end.
    mutating func next() -> CSVRecord? {
        guard !bytes.isEmpty else { return nil }
        var record = CSVRecord(line: line, fields: [])
        while true {
            let (field, ended) = nextField(&record)
            record.fields.append(field)
            if ended { return record }
        }
    }

    private mutating func nextField(_ record: inout CSVRecord) -> (String, ended: Bool) {
        var content: [UInt8] = []
        let quote = UInt8(ascii: "\"")
        let isQuoted = bytes.first == quote
        if isQuoted {
            bytes.removeFirst()
            var closed = false
            while let byte = bytes.popFirst() {
                if byte == quote {
                    if bytes.first == quote {
                        bytes.removeFirst()
                    } else {
                        closed = true
                        break
                    }
                }
                if byte == 10 { line += 1 }
                content.append(byte)
            }
            if !closed { record.damage.append(("bad_quote", record.fields.count)) }
        }
        var ended = true
        while let byte = bytes.popFirst() {
            if byte == delimiter {
                ended = false
                break
            }
            if byte == 10 {
                line += 1
                break
            }
            if byte == 13, bytes.first == 10 || bytes.isEmpty { continue }
            // A quote inside an unquoted field, or text after a closing quote.
            if byte == quote || isQuoted, record.damage.last.map({ $0.field != record.fields.count }) ?? true {
                record.damage.append(("bad_quote", record.fields.count))
            }
            content.append(byte)
        }
        return (text(content, &record), ended)
    }

    private func text(_ content: [UInt8], _ record: inout CSVRecord) -> String {
        if content.contains(0) { record.damage.append(("bad_encoding", record.fields.count)) }
        switch encoding {
        case .latin1: return String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
        case .utf8:
            if let text = String(validating: content, as: UTF8.self) { return text }
            record.damage.append(("bad_encoding", record.fields.count))
            return String(decoding: content, as: UTF8.self)
        }
    }
}

/// A file read into columns by name, for the small files that come with a fleet.
public struct CSVTable: Sendable {
    public struct Row: Sendable {
        public var line: Int
        public var fields: [String: String]
    }

    public var columns: [String]
    public var rows: [Row]
    public var problems: [FleetProblem]

    /// Reads a whole file; every record that is no row is a problem.
    public init(_ data: [UInt8], encoding: FileEncoding, required: [String]) {
        var reader = CSVReader(data, encoding: encoding)
        rows = []
        problems = []
        columns = reader.next()?.fields.map { $0.trimmingSpaces } ?? []
        for name in required where !columns.contains(name) {
            problems.append(FleetProblem(line: 1, column: name, code: "missing_column", value: nil, message: "the header has no column \(name)"))
        }
        for (index, name) in columns.enumerated() where !name.isEmpty && columns.firstIndex(of: name) != index {
            problems.append(FleetProblem(line: 1, column: name, code: "bad_value", value: name, message: "the header names the column \(name) twice"))
        }
        while let record = reader.next() {
            if record.isBlank { continue }
            var damaged = false
            for (code, field) in record.damage {
                damaged = true
                let value = field < record.fields.count ? String(record.fields[field].prefix(80)) : nil
                problems.append(
                    FleetProblem(
                        line: record.line, column: field < columns.count ? columns[field] : nil, code: code, value: value,
                        message: code == "bad_quote"
                            ? "a quote that does not open or close a field; write a quote inside a field as two, and the field in quotes"
                            : "bytes that are not \(encoding.rawValue) text; save the file as UTF-8, or give --encoding latin1"))
            }
            if record.fields.count != columns.count {
                let short = record.fields.count < columns.count
                problems.append(
                    FleetProblem(
                        line: record.line, column: short ? columns[record.fields.count] : nil, code: short ? "short_row" : "long_row",
                        value: short ? nil : String(record.fields[columns.count].prefix(80)),
                        message: "\(record.fields.count) fields, the header has \(columns.count)"))
                damaged = true
            }
            if damaged { continue }
            rows.append(
                Row(
                    line: record.line,
                    fields: Dictionary(zip(columns, record.fields.map(\.trimmingSpaces)), uniquingKeysWith: { first, _ in first })))
        }
    }
}
