import App
import ArgumentParser
import Foundation
import Logging

/// What every command takes.
struct Common: ParsableArguments {
    @Option(help: ArgumentHelp("A JSON file with settings.", valueName: "file"))
    var config: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    /// Throws `SettingError`.
    func settings() throws -> Settings { try Settings.load(file: config, onTerminal: StandardStreams.errorIsTerminal) }

    /// For short commands, where only what is wrong is news; `RELEVO_LOG_LEVEL` asks for more.
    func quietLogger(_ settings: Settings) -> Logger {
        var logger = settings.makeLogger("relevo")
        if ProcessInfo.processInfo.environment["RELEVO_LOG_LEVEL"] == nil { logger.logLevel = .warning }
        return logger
    }

    /// Opens everything for the length of `body`.
    func with<T: Sendable>(_ body: @Sendable (Parts) async throws -> T) async throws -> T {
        let settings = try settings()
        return try await Parts.with(settings, logger: quietLogger(settings), body)
    }

    /// Prints a result as JSON or in words.
    func show(_ value: some Encodable, _ words: @autoclosure () -> String) throws {
        if json { try Output.json(value) } else { Output.line(words()) }
    }
}

/// Who does something that is recorded.
struct Actor: ParsableArguments {
    @Option(help: ArgumentHelp("Who does this, for the record; the login name if not given.", valueName: "name"))
    var by: String?

    var name: String {
        let environment = ProcessInfo.processInfo.environment
        return by ?? environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"] ?? "command line"
    }
}

enum StandardStreams {
    static var errorIsTerminal: Bool { isatty(2) != 0 }
}

/// A file named on the command line. Throws `Failure` that says which and why.
func readFile(_ path: String) throws -> Data {
    do {
        return path == "-" ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
        throw Failure(.wrongUsage, "\(path) cannot be read: \((error as NSError).localizedDescription)")
    }
}

/// An RFC 3339 time given on the command line.
func readTime(_ text: String, _ option: String) throws -> Date {
    guard let date = try? Date(text, strategy: .iso8601) else {
        throw Failure(.wrongUsage, "\(option): found \(text.debugDescription); expected a time in RFC 3339, such as 2026-12-01T00:00:00Z")
    }
    return date
}
