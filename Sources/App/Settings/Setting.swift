import Foundation

/// One setting: the single place where its name, its meaning and what is expected of it are written down.
public struct Setting: Sendable {
    /// The environment variable; without `RELEVO_` and in lower case it is the key in the JSON file.
    public var name: String
    public var meaning: String
    /// What counts when it is not set, in words.
    public var fallback: String
    /// Never shown, not even when it is malformed.
    public var isSecret = false

    /// The key in the file given by `--config`.
    public var key: String { name.dropFirst("RELEVO_".count).lowercased() }
}

extension Setting {
    static let databaseURL = Setting(
        name: "RELEVO_DATABASE_URL", meaning: "PostgreSQL URL; unset: a private cluster in the data folder", fallback: "unset",
        isSecret: true)
    static let databaseDirectURL = Setting(
        name: "RELEVO_DATABASE_DIRECT_URL",
        meaning: "the server itself, when RELEVO_DATABASE_URL leads to a pooler such as PgBouncer: for LISTEN, migrations and heartbeats",
        fallback: "RELEVO_DATABASE_URL leads to the server", isSecret: true)
    static let dataFolder = Setting(
        name: "RELEVO_DATA_DIR", meaning: "private cluster, key file, logs", fallback: ".relevo in the working folder")
    static let postgresBin = Setting(
        name: "RELEVO_POSTGRES_BIN", meaning: "folder of the PostgreSQL server programs for the private cluster",
        fallback: "the newest that is installed")
    static let httpHost = Setting(name: "RELEVO_HTTP_HOST", meaning: "address the HTTP side listens on", fallback: "127.0.0.1")
    static let httpPort = Setting(name: "RELEVO_HTTP_PORT", meaning: "port the HTTP side listens on", fallback: "8080")
    static let publicURL = Setting(
        name: "RELEVO_PUBLIC_URL", meaning: "how the outside reaches Relevo (client links, webhook callback)",
        fallback: "made of host and port")
    static let graphURL = Setting(name: "RELEVO_GRAPH_URL", meaning: "Cloud API base", fallback: "https://graph.facebook.com")
    static let graphVersion = Setting(name: "RELEVO_GRAPH_VERSION", meaning: "Cloud API version", fallback: "v25.0")
    static let appID = Setting(name: "RELEVO_APP_ID", meaning: "id of the Meta app", fallback: "none")
    static let appSecret = Setting(
        name: "RELEVO_APP_SECRET", meaning: "secret of the Meta app, which signs webhooks; several, newest first, by commas",
        fallback: "none", isSecret: true)
    static let verifyToken = Setting(
        name: "RELEVO_WEBHOOK_VERIFY_TOKEN", meaning: "hub.verify_token of the webhook", fallback: "none", isSecret: true)
    static let masterKey = Setting(
        name: "RELEVO_MASTER_KEY", meaning: "32 bytes in base64 that encrypt stored credentials; several, newest first, by commas",
        fallback: "key file in the data folder", isSecret: true)
    static let logLevel = Setting(
        name: "RELEVO_LOG_LEVEL", meaning: "trace, debug, info, notice, warning, error or critical", fallback: "info")
    static let logFormat = Setting(
        name: "RELEVO_LOG_FORMAT", meaning: "text or json", fallback: "text on a terminal, else json")
    static let rehearsal = Setting(
        name: "RELEVO_REHEARSAL", meaning: "true: the Graph URL is a sandbox, and its clock is business time", fallback: "false")

    static let jobHints = Setting(
        name: "RELEVO_JOB_HINTS",
        meaning: "false: no LISTEN and no NOTIFY; new work is found by looking, up to a second later", fallback: "true")

    static let retentionDays = Setting(
        name: "RELEVO_RETENTION_DAYS",
        meaning: "days that messages are kept with their history after the last that happened to them: 60 to 3650", fallback: "400")

    static let allowPremiumNumbers = Setting(
        name: "RELEVO_ALLOW_PREMIUM_NUMBERS",
        meaning: "true: send to premium-rate, shared-cost and international freephone numbers too", fallback: "false")

    static let stopWords = Setting(
        name: "RELEVO_STOP_WORDS",
        meaning: "by commas: whoever writes nothing but one of these gets no more marketing (STOP,BAJA,SAIR)", fallback: "none")

    static let startWords = Setting(
        name: "RELEVO_START_WORDS", meaning: "by commas: whoever writes nothing but one of these gets marketing again", fallback: "none")

    /// Every setting, in the order they are shown.
    public static let all = [
        databaseURL, databaseDirectURL, dataFolder, postgresBin, httpHost, httpPort, publicURL, graphURL, graphVersion, appID, appSecret,
        verifyToken,
        masterKey, logLevel,
        logFormat, rehearsal, jobHints, retentionDays, allowPremiumNumbers, stopWords, startWords,
    ]

    /// The table as it stands in the help text.
    public static var table: String {
        let width = all.map(\.name.count).max() ?? 0
        return all.map { setting in
            "  \(setting.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(setting.meaning) [\(setting.fallback)]"
        }.joined(separator: "\n")
    }
}

/// A setting that stops the program at start: one line with its name, what was found and what is expected.
public struct SettingError: Error, Sendable, Equatable, CustomStringConvertible {
    public var name: String
    /// A description for secrets, the text itself for the others.
    public var found: String
    public var expected: String
    /// Where it came from.
    public var source: String

    public var description: String { "\(name) (\(source)): found \(found); expected \(expected)" }
}
