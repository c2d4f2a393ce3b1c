import Foundation

/// What a command prints: results on stdout, problems and progress on stderr.
enum Output {
    static func line(_ text: String) { write(text + "\n", to: .standardOutput) }
    static func problem(_ text: String) { write(text + "\n", to: .standardError) }

    /// Progress: on a terminal only.
    static func progress(_ text: String) {
        if StandardStreams.errorIsTerminal { write(text + "\n", to: .standardError) }
    }

    /// Progress in place of what the last such line said, without ending it.
    static func rewriteProgress(_ text: String) {
        if StandardStreams.errorIsTerminal { write("\r\u{1B}[K" + text, to: .standardError) }
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        encoder.keyEncodingStrategy = .convertToSnakeCase
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// One line of JSON.
    static func jsonLine(_ value: some Encodable) throws { line(String(decoding: try jsonBytes(value), as: UTF8.self)) }

    /// JSON on one line, without its end.
    static func jsonBytes(_ value: some Encodable) throws -> Data { try lineEncoder.encode(value) }

    private static let lineEncoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return encoder
    }()

    static func bytes(_ data: Data) { try? FileHandle.standardOutput.write(contentsOf: data) }

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that has gone away (`relevo … | head`) is no error.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    /// Columns under each other.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        if rows.isEmpty { return "none" }
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            zip(row, widths).enumerated().map { index, cell in
                index == row.count - 1 ? cell.0 : cell.0 + String(repeating: " ", count: cell.1 - cell.0.count + 2)
            }.joined()
        }.joined(separator: "\n")
    }

    static func time(_ date: Date?) -> String { date.map { $0.formatted(.iso8601) } ?? "-" }
}
