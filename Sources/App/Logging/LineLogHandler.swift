import CloudAPI
package import Foundation
public import Logging

/// Writes one line an event to stderr, redacted, as text for people or as JSON for programs.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: Settings.LogFormat
    private let redactor: Redactor
    private let write: @Sendable (Data) -> Void

    package init(
        label: String, level: Logger.Level, format: Settings.LogFormat, redactor: Redactor,
        write: @escaping @Sendable (Data) -> Void = StandardError.write
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.redactor = redactor
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        all.merge(metadataProvider?.get() ?? [:]) { _, new in new }
        all.merge(event.metadata ?? [:]) { _, new in new }
        if let error = event.error { all["error"] = "\(error)" }
        let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let message = redactor.redact("\(event.message)")
        // Sorted, so that two lines of one kind look the same.
        let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, redactor.redact("\($0.value)")) }
        write(Data((format == .json ? json(time, event.level, message, pairs) : text(time, event.level, message, pairs)).utf8))
    }

    private func text(_ time: String, _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        let details = pairs.map { key, value in
            " \(key)=\(value.contains(where: { $0.isWhitespace || $0 == "\"" }) ? value.debugDescription : value)"
        }.joined()
        return "\(time) \(level.rawValue.uppercased()) \(Self.oneLine(message))\(details)\n"
    }

    private func json(_ time: String, _ level: Logger.Level, _ message: String, _ pairs: [(String, String)]) -> String {
        var object: JSONObject = [
            "time": .string(time), "level": .string(level.rawValue), "logger": .string(label), "message": .string(message),
        ]
        for (key, value) in pairs where object[key] == nil { object[key] = .string(value) }
        return String(decoding: JSONValue.object(object).encoded(), as: UTF8.self) + "\n"
    }

    private static func oneLine(_ text: String) -> String {
        text.contains(where: \.isNewline) ? text.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ") : text
    }
}

/// The error stream of the process. A line is one write, so that lines of several threads and processes do not mix.
package enum StandardError {
    package static let write: @Sendable (Data) -> Void = { data in
        // A log that cannot be written must not stop the work.
        try? FileHandle.standardError.write(contentsOf: data)
    }

    package static var isTerminal: Bool { isatty(2) != 0 }
}

extension Settings {
    /// Loggers as the settings want them.
    public func makeLogger(_ label: String) -> Logger {
        let redactor = Redactor(secrets: secrets)
        return Logger(label: label) { [logLevel, logFormat] in
            LineLogHandler(label: $0, level: logLevel, format: logFormat, redactor: redactor)
        }
    }
}
