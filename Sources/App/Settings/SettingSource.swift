import CloudAPI
import Configuration
import Credentials
import Foundation
import Logging
import Postgres
import Webhooks

/// Looks settings up, environment first, and says what is wrong with them.
struct SettingSource {
    private let reader: ConfigReader
    private let environment: Set<String>
    private let file: String?

    init(environment: [String: String], file: String?) throws {
        // An empty variable counts as unset, as container tools leave them.
        var given: [String: String] = [:]
        for (name, value) in environment where name.hasPrefix("RELEVO_") && !value.isEmpty {
            given[String(name.dropFirst("RELEVO_".count))] = value
        }
        var stored: [AbsoluteConfigKey: ConfigValue] = [:]
        if let file {
            let secret = Set(Setting.all.filter(\.isSecret).map(\.key))
            for (key, text) in try Self.read(file) {
                stored[AbsoluteConfigKey([key])] = ConfigValue(.string(text), isSecret: secret.contains(key))
            }
        }
        let secretNames = Set(Setting.all.filter(\.isSecret).map { $0.key.uppercased() })
        reader = ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: given, secretsSpecifier: .specific(secretNames)),
            InMemoryProvider(name: file ?? "no file", values: stored),
        ])
        self.environment = Set(given.keys)
        self.file = file
    }

    private static func read(_ path: String) throws -> [String: String] {
        func failed(_ found: String) -> SettingError {
            SettingError(name: "--config", found: found, expected: "a JSON file such as {\"http_port\":8080}", source: path)
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw failed("a file that cannot be read (\((error as NSError).localizedDescription))")
        }
        guard data.count <= 1 << 20 else { throw failed("a file over 1 MiB") }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: data)
        } catch {
            throw failed("text that is not JSON (\(error))")
        }
        guard let object = json.object else { throw failed("JSON that is not an object") }
        let known = Set(Setting.all.map(\.key))
        var values: [String: String] = [:]
        for member in object.members where known.contains(member.name) && member.value != .null {
            if let text = member.value.text ?? member.value.bool.map({ "\($0)" }) {
                if !text.isEmpty { values[member.name] = text }
            } else {
                throw SettingError(name: member.name, found: "a list or an object", expected: "text, a number, true or false", source: path)
            }
        }
        return values
    }

    // MARK: - Forms

    func text(_ setting: Setting) -> String? { reader.string(forKey: ConfigKey([setting.key]), isSecret: setting.isSecret) }

    func secret(_ setting: Setting) throws -> Secret? {
        guard let text = text(setting) else { return nil }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw error(setting, expected: "printable ASCII characters without spaces")
        }
        return Secret(text)
    }

    func secrets(_ setting: Setting) throws -> [Secret] {
        guard let secret = try secret(setting) else { return [] }
        let parts = secret.reveal().split(separator: ",")
        guard !parts.isEmpty else { throw error(setting, expected: "the app's secret, or several separated by commas") }
        return parts.map { Secret(String($0)) }
    }

    func words(_ setting: Setting) throws -> [String] {
        guard let text = text(setting) else { return [] }
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        guard words.count <= 100, words.allSatisfy(StopWords.isWord) else {
            throw error(setting, expected: "at most 100 words of at most \(StopWords.longest) characters, separated by commas")
        }
        return words
    }

    func databaseURL(_ setting: Setting) throws -> Secret? {
        guard let text = text(setting) else { return nil }
        do {
            _ = try PostgresConfiguration(url: text)
        } catch {
            throw self.error(setting, expected: "postgresql://user:password@host:port/database")
        }
        return Secret(text)
    }

    func masterKey() throws -> Secret? {
        guard let text = text(.masterKey) else { return nil }
        do {
            _ = try MasterKey.list(base64: text, source: Setting.masterKey.name)
        } catch {
            throw self.error(.masterKey, expected: "32 bytes in base64, as `openssl rand -base64 32` makes them")
        }
        return Secret(text)
    }

    func folder(_ setting: Setting, fallback: String) throws -> String {
        let path = text(setting) ?? fallback
        guard !path.utf8.contains(0), path.utf8.count <= 1024 else { throw error(setting, expected: "the path of a folder") }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }

    func host(_ setting: Setting) throws -> String? {
        guard let text = text(setting) else { return nil }
        guard text.utf8.count <= 255, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw error(setting, expected: "an address or host name, such as 127.0.0.1 or 0.0.0.0")
        }
        return text
    }

    func port(_ setting: Setting) throws -> Int? { try number(setting, 1...65535) }

    func number(_ setting: Setting, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw error(setting, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func url(_ setting: Setting) throws -> String? {
        guard let text = text(setting) else { return nil }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false, url.query == nil,
            url.user == nil
        else {
            throw error(setting, expected: "an http or https URL, such as https://relevo.example.com")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    func version(_ setting: Setting) throws -> String? {
        guard let text = text(setting) else { return nil }
        let parts = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard text.hasPrefix("v"), parts.count == 2, parts.allSatisfy({ Int($0) != nil }) else {
            throw error(setting, expected: "a version such as v25.0")
        }
        return text
    }

    func digits(_ setting: Setting) throws -> String? {
        guard let text = text(setting) else { return nil }
        guard text.utf8.count <= 32, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw error(setting, expected: "the app's id: digits")
        }
        return text
    }

    func level(_ setting: Setting) throws -> Logger.Level? {
        guard let text = text(setting) else { return nil }
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            throw error(setting, expected: "trace, debug, info, notice, warning, error or critical")
        }
        return level
    }

    func choice<Choice: RawRepresentable<String>>(_ setting: Setting, _: Choice.Type, _ expected: String) throws -> Choice? {
        guard let text = text(setting) else { return nil }
        guard let choice = Choice(rawValue: text.lowercased()) else { throw error(setting, expected: expected) }
        return choice
    }

    func flag(_ setting: Setting) throws -> Bool? {
        guard let text = text(setting) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "1", "on": return true
        case "false", "no", "0", "off": return false
        default: throw error(setting, expected: "true or false")
        }
    }

    func error(_ setting: Setting, expected: String) -> SettingError {
        let text = text(setting) ?? ""
        let shown =
            setting.isSecret ? "a secret of \(text.count) characters that cannot be used" : String(text.prefix(200)).debugDescription
        let fromEnvironment = environment.contains(setting.key.uppercased())
        return SettingError(
            name: setting.name, found: text.isEmpty ? "nothing" : shown, expected: expected,
            source: fromEnvironment ? "environment" : file ?? "default")
    }
}
