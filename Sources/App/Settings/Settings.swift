public import CloudAPI
import CrashPoints
public import Foundation
public import Logging
public import Webhooks

/// Everything the environment and the configuration file decide.
///
/// ## Keys
/// Those of `Setting.all`; the environment wins over the file given by `--config`.
public struct Settings: Sendable {
    /// Nil: a private cluster in the data folder.
    public var databaseURL: Secret?
    /// The server itself, when `databaseURL` leads to a pooler.
    public var databaseDirectURL: Secret?
    /// Absolute.
    public var dataFolder: String
    /// Nil: the newest PostgreSQL that is installed. Absolute.
    public var postgresBin: String?
    public var httpHost: String
    public var httpPort: Int
    /// Nil: made of host and port.
    public var givenPublicURL: String?
    public var graphURL: String
    public var graphVersion: String
    public var appID: String?
    /// Newest first.
    public var appSecrets: [Secret]
    public var verifyToken: Secret?
    public var masterKey: Secret?
    public var logLevel: Logger.Level
    public var logFormat: LogFormat
    /// The Graph URL is a sandbox whose clock is business time.
    public var isRehearsal: Bool
    /// Processes tell each other of new work, rather than look for it only.
    public var jobHints: Bool
    /// Days that messages are kept after the last that happened to them.
    public var retentionDays: Int
    /// Whether numbers are sent to that cost the person called more than a usual call, and those that belong to no country.
    public var allowPremiumNumbers: Bool
    /// What ends marketing to whoever writes it, and what begins it again.
    public var words: StopWords

    public enum LogFormat: String, Sendable { case text, json }

    /// How the outside reaches Relevo, without a trailing slash.
    public var publicURL: String {
        if let givenPublicURL { return givenPublicURL }
        let host = ["0.0.0.0", "::", "[::]"].contains(httpHost) ? "127.0.0.1" : httpHost
        return "http://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(httpPort)"
    }

    /// What must never be seen in a log.
    var secrets: [Secret] { appSecrets + [verifyToken, masterKey, databaseURL, databaseDirectURL].compactMap { $0 } }

    /// Reads the environment and, when given, a JSON file. Throws `SettingError`.
    public static func load(
        environment: [String: String] = ProcessInfo.processInfo.environment, file: String? = nil, onTerminal: Bool = false
    ) throws -> Settings {
        do throws(CrashPlan.Unreadable) {
            try CrashPlan.check()
        } catch {
            throw SettingError(name: error.name, found: error.found.debugDescription, expected: error.expected, source: "environment")
        }
        let source = try SettingSource(environment: environment, file: file)
        let graphURL = try source.url(.graphURL) ?? "https://graph.facebook.com"
        let settings = Settings(
            databaseURL: try source.databaseURL(.databaseURL), databaseDirectURL: try source.databaseURL(.databaseDirectURL),
            dataFolder: try source.folder(.dataFolder, fallback: ".relevo"),
            postgresBin: try source.text(.postgresBin).map { _ in try source.folder(.postgresBin, fallback: "") },
            httpHost: try source.host(.httpHost) ?? "127.0.0.1", httpPort: try source.port(.httpPort) ?? 8080,
            givenPublicURL: try source.url(.publicURL), graphURL: graphURL, graphVersion: try source.version(.graphVersion) ?? "v25.0",
            appID: try source.digits(.appID), appSecrets: try source.secrets(.appSecret), verifyToken: try source.secret(.verifyToken),
            masterKey: try source.masterKey(), logLevel: try source.level(.logLevel) ?? .info,
            logFormat: try source.choice(.logFormat, LogFormat.self, "text or json") ?? (onTerminal ? .text : .json),
            isRehearsal: try source.flag(.rehearsal) ?? false, jobHints: try source.flag(.jobHints) ?? true,
            retentionDays: try source.number(.retentionDays, 60...3650) ?? 400,
            allowPremiumNumbers: try source.flag(.allowPremiumNumbers) ?? false,
            words: StopWords(stop: try source.words(.stopWords), start: try source.words(.startWords)))
        if let word = settings.words.inBoth {
            throw source.error(.startWords, expected: "other words than in RELEVO_STOP_WORDS, but \(word.debugDescription) is in both")
        }
        if settings.databaseURL == nil, settings.databaseDirectURL != nil {
            throw source.error(
                .databaseDirectURL, expected: "RELEVO_DATABASE_URL to be set too; by itself, give the server as RELEVO_DATABASE_URL")
        }
        if settings.isRehearsal, let host = URL(string: graphURL)?.host, host == "facebook.com" || host.hasSuffix(".facebook.com") {
            throw source.error(.rehearsal, expected: "RELEVO_GRAPH_URL to be a sandbox; it is Meta's own API, which has no clock to follow")
        }
        return settings
    }
}
