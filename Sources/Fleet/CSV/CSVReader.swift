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
    /// `bad_quote`, `bad_encoding` or `long_row`, with the number of the field.
    var damage: [(code: String, field: Int)] = []
    var isBlank: Bool { fields.count == 1 && fields[0].isEmpty && damage.isEmpty }
    /// Delimiters and nothing else, as spreadsheets write below the last row.
    var isEmpty: Bool { damage.isEmpty && fields.allSatisfy { $0.allSatisfy(\.isWhitespace) } }
}

/// Reads RFC 4180 with `,`, `;` or tab, CRLF or LF, with or without a byte order mark, in pieces as they come: `feed` and `next` until there is
/// none, then `finish` and `next` for the rest. Holds one record and what was fed, however long the file is.
struct CSVReader {
    private let encoding: FileEncoding
    private var buffer: [UInt8] = []
    /// Where the next record begins.
    private var position = 0
    /// Bytes that must be there before it is worth looking for a whole record again.
    private var wanted = 0
    private var isAtEnd = false
    /// Known once the header is there.
    private var delimiter: UInt8?
    private var line = 1
    /// The rest of a record that was too long is passed over.
    private var isSkipping = false
    /// Each costs a look at one record again; beyond these a hopeless file is read as it stands.
    private var secondLooks = 1000

    /// Longest quoted field: behind a quote that nothing closes lies the rest of the file.
    private static let longestQuoted = 64 << 10
    /// Longest record, in bytes.
    static let longestRecord = 1 << 20

    init(encoding: FileEncoding) { self.encoding = encoding }

    /// Gives it the next bytes of the file.
    mutating func feed(_ bytes: some Collection<UInt8>) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Nothing follows.
    mutating func finish() { isAtEnd = true }

    /// Everything was read.
    var isOver: Bool { isAtEnd && position >= buffer.count }

    /// The next record; nil when it is not there as a whole, or at the end.
    mutating func next() -> CSVRecord? {
        if delimiter == nil, !findDelimiter() { return nil }
        if isSkipping, !skipLine() { return nil }
        guard position < buffer.count, isAtEnd || buffer.count - position >= wanted else { return nil }
        // Never looks further than a record may reach: what it finds does not depend on how the bytes came.
        let isCut = buffer.count - position > Self.longestRecord
        if let found = record(until: isCut ? position + Self.longestRecord : buffer.count, isLast: isAtEnd && !isCut) {
            wanted = 0
            return take(found)
        }
        if isCut, var found = record(until: position + Self.longestRecord, isLast: true) {
            found.record.damage = [("long_row", max(0, found.record.fields.count - 1))]
            isSkipping = true
            position += Self.longestRecord
            line = found.line
            wanted = 0
            return found.record
        }
        // Looked for again once a quarter more is there: many small pieces of one long record would cost their number squared.
        wanted = (buffer.count - position) * 5 / 4 + 1
        return nil
    }

    private mutating func take(_ found: Found) -> CSVRecord {
        if found.line > line + 1, found.record.damage.contains(where: { $0.code == "bad_quote" }), secondLooks > 0 {
            // A quote that does not belong there has swallowed lines: they are rows of their own, with problems of their own.
            secondLooks -= 1
            position = buffer[position...].firstIndex(of: 10).map { $0 + 1 } ?? buffer.count
            line += 1
        } else {
            position = found.end
            line = found.line
        }
        return found.record
    }

    /// The delimiter found most often in the header, outside quotes. False when the header is not there yet.
    private mutating func findDelimiter() -> Bool {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        guard isAtEnd || buffer.count >= max(mark.count, wanted) else { return false }
        let begin = buffer.starts(with: mark) ? mark.count : 0
        var counts: [UInt8: Int] = [:]
        var (quoted, isWhole) = (false, isAtEnd || buffer.count > Self.longestRecord)
        for byte in buffer[begin...] {
            if byte == UInt8(ascii: "\"") { quoted.toggle() }
            if !quoted {
                if byte == 10 || byte == 13 {
                    isWhole = true
                    break
                }
                counts[byte, default: 0] += 1
            }
        }
        guard isWhole else {
            wanted = buffer.count * 5 / 4 + 1
            return false
        }
        wanted = 0
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 9]
        delimiter = candidates.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? candidates[0]
        position = begin
        return true
    }

    /// False when the end of the line is not there yet.
    private mutating func skipLine() -> Bool {
        guard let end = buffer[position...].firstIndex(of: 10) else {
            position = buffer.count
            return false
        }
        position = end + 1
        line += 1
        isSkipping = false
        return true
    }

    // MARK: One record

    private struct Found {
        var record: CSVRecord
        /// Behind its last byte, and the line that follows.
        var end: Int
        var line: Int
    }

    /// Nil when the record does not end before `limit` and more may follow.
    private func record(until limit: Int, isLast: Bool) -> Found? {
        buffer.withUnsafeBufferPointer { bytes in
            var found = Found(record: CSVRecord(line: line, fields: []), end: position, line: line)
            while true {
                guard let ended = field(of: bytes, until: limit, isLast: isLast, &found) else { return nil }
                if ended { return found }
            }
        }
    }

    /// Reads one field; whether it is the record's last, nil when more bytes are needed.
    private func field(of bytes: UnsafeBufferPointer<UInt8>, until limit: Int, isLast: Bool, _ found: inout Found) -> Bool? {
        let quote = UInt8(ascii: "\"")
        var at = found.end
        if at < limit, bytes[at] == quote {
            return quotedField(of: bytes, until: limit, isLast: isLast, &found)
        }
        // Most fields are as they stand: no bytes are moved for those.
        let start = at
        while at < limit, bytes[at] != delimiter, bytes[at] != 10, bytes[at] != 13, bytes[at] != quote { at += 1 }
        guard at < limit || isLast else { return nil }
        if at < limit, bytes[at] == 13 || bytes[at] == quote {
            return rest(of: bytes, from: at, until: limit, isLast: isLast, content: Array(bytes[start..<at]), isQuoted: false, &found)
        }
        return end(bytes, at, limit, text: UnsafeBufferPointer(rebasing: bytes[start..<at]), &found)
    }

    private func quotedField(of bytes: UnsafeBufferPointer<UInt8>, until limit: Int, isLast: Bool, _ found: inout Found) -> Bool? {
        let quote = UInt8(ascii: "\"")
        var at = found.end + 1
        var content: [UInt8] = []
        var closed = false
        while at < limit {
            let byte = bytes[at]
            at += 1
            if byte == quote {
                guard at < limit || isLast else { return nil }
                guard at < limit, bytes[at] == quote else {
                    closed = true
                    break
                }
                at += 1
            }
            if byte == 10 { found.line += 1 }
            content.append(byte)
            if content.count > Self.longestQuoted { break }
        }
        guard closed || isLast || content.count > Self.longestQuoted else { return nil }
        if !closed { found.record.damage.append(("bad_quote", found.record.fields.count)) }
        return rest(of: bytes, from: at, until: limit, isLast: isLast, content: content, isQuoted: true, &found)
    }

    /// What follows a closing quote, or a field from the first byte that is not as it stands.
    private func rest(
        of bytes: UnsafeBufferPointer<UInt8>, from start: Int, until limit: Int, isLast: Bool, content: [UInt8], isQuoted: Bool,
        _ found: inout Found
    ) -> Bool? {
        var (at, content) = (start, content)
        while at < limit, bytes[at] != delimiter, bytes[at] != 10 {
            let byte = bytes[at]
            if byte == 13 {
                guard at + 1 < limit || isLast else { return nil }
                if at + 1 == limit || bytes[at + 1] == 10 {
                    at += 1
                    continue
                }
            }
            // A quote inside an unquoted field, or text after a closing quote.
            if byte == UInt8(ascii: "\"") || isQuoted, found.record.damage.last.map({ $0.field != found.record.fields.count }) ?? true {
                found.record.damage.append(("bad_quote", found.record.fields.count))
            }
            content.append(byte)
            at += 1
        }
        guard at < limit || isLast else { return nil }
        return content.withUnsafeBufferPointer { end(bytes, at, limit, text: $0, &found) }
    }

    private func end(
        _ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ limit: Int, text: UnsafeBufferPointer<UInt8>, _ found: inout Found
    ) -> Bool {
        let isLastField = at == limit || bytes[at] == 10
        if at < limit, bytes[at] == 10 { found.line += 1 }
        found.end = min(limit, at + 1)
        let field = self.text(text, &found.record)
        found.record.fields.append(field)
        return isLastField
    }

    private func text(_ content: UnsafeBufferPointer<UInt8>, _ record: inout CSVRecord) -> String {
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
