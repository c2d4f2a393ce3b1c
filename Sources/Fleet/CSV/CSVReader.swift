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
    /// Delimiters and nothing else, as spreadsheets write below the last row.
    var isEmpty: Bool { damage.isEmpty && fields.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
}

/// Reads RFC 4180 with `,`, `;` or tab, CRLF or LF, with or without a byte order mark.
struct CSVReader {
    private var bytes: ArraySlice<UInt8>
    private let encoding: FileEncoding
    private let delimiter: UInt8
    private var line = 1
    /// Each costs a look at one field again; beyond these a hopeless file is read as it stands.
    private var secondLooks = 1000

    /// Longest quoted field: behind a quote that nothing closes lies the rest of the file.
    private static let longestQuoted = 64 << 10

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
        let start = (bytes: bytes, line: line)
        var record = CSVRecord(line: line, fields: [])
        while true {
            let (field, ended) = nextField(&record)
            record.fields.append(field)
            if !ended { continue }
            if line > start.line + 1, record.damage.contains(where: { $0.code == "bad_quote" }), secondLooks > 0 {
                // A quote that does not belong there has swallowed lines: they are rows of their own, with problems of their own.
                secondLooks -= 1
                bytes = start.bytes.drop { $0 != 10 }.dropFirst()
                line = start.line + 1
            }
            return record
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
                if content.count > Self.longestQuoted { break }
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
