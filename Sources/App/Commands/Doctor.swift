public import Logging
import Schema

/// Looks at everything Relevo depends on and says what is wrong.
public struct Doctor: Sendable {
    public struct Finding: Encodable, Sendable, Equatable {
        public enum Verdict: String, Encodable, Sendable { case ok, warning, failed, unreachable }
        public var check: String
        public var verdict: Verdict
        public var detail: String
        /// What to do; nil when nothing is.
        public var remedy: String?
    }

    let settings: Settings
    let logger: Logger
    var findings: [Finding] = []

    /// Runs every check that can be run; one that fails does not keep the others from running.
    public static func examine(_ settings: Settings, logger: Logger) async -> [Finding] {
        var doctor = Doctor(settings: settings, logger: logger)
        doctor.look()
        do {
            let database = try await Database.open(settings, logger: logger)
            await doctor.look(database)
            await database.close()
        } catch {
            doctor.add("database", .unreachable, "\(error)")
        }
        return doctor.findings
    }

    private init(settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    mutating func add(_ check: String, _ verdict: Finding.Verdict, _ detail: String, _ remedy: String? = nil) {
        findings.append(Finding(check: check, verdict: verdict, detail: detail, remedy: remedy))
    }

    private mutating func look() {
        add(
            "settings", .ok,
            "Graph \(settings.graphURL) \(settings.graphVersion), public URL \(settings.publicURL), data in \(settings.dataFolder)")
        if settings.appSecrets.isEmpty {
            add("webhook secret", .warning, "RELEVO_APP_SECRET is not set: every webhook is refused", "set it to the app's secret")
        } else {
            add("webhook secret", .ok, "\(settings.appSecrets.count) set")
        }
        if settings.verifyToken == nil {
            add(
                "webhook verify token", .warning, "RELEVO_WEBHOOK_VERIFY_TOKEN is not set: Meta cannot verify the webhook",
                "set it to a random text")
        }
        if !settings.isRehearsal && !settings.publicURL.hasPrefix("https://") {
            add(
                "public URL", .warning, "\(settings.publicURL) is not https: Meta sends no webhooks there",
                "set RELEVO_PUBLIC_URL to the address of the TLS proxy before Relevo")
        }
    }

    private mutating func look(_ database: Database) async {
        guard await lookAtServer(database) else { return }
        do {
            try await SchemaMigrator(configuration: database.configuration, logger: logger).check()
            add("schema", .ok, "up to date")
        } catch let error as SchemaError where error.code == .older && database.cluster != nil {
            return add("schema", .warning, "\(error)", "relevo up applies it")
        } catch {
            return add("schema", .failed, "\(error)")
        }
        await lookAtLoad(database)
        await lookAtCredentials(database)
    }
}
