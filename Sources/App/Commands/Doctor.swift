import AsyncHTTPClient
import CloudAPI
import Credentials
public import Foundation
import Jobs
public import Logging
import Postgres
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
    private var findings: [Finding] = []

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

    private mutating func add(_ check: String, _ verdict: Finding.Verdict, _ detail: String, _ remedy: String? = nil) {
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
        do {
            let (version, ours, theirs) = try await PostgresClient.withDirectConnection(database.configuration, logger: logger) { db in
                let row = try await db.query("SELECT current_setting('server_version_num')::int, clock_timestamp()").decodeFirst(
                    (Int32, Date).self)
                return (row?.0 ?? 0, Date(), row?.1 ?? Date())
            }
            let name = database.cluster == nil ? "\(database.configuration)" : "private cluster in \(settings.dataFolder)"
            if version < 140_000 {
                add("database", .failed, "\(name) is PostgreSQL \(version / 10_000)", "Relevo needs 14 or later")
            } else {
                add("database", .ok, "\(name), PostgreSQL \(version / 10_000).\(version % 10_000)")
            }
            let drift = abs(ours.timeIntervalSince(theirs))
            add(
                "clock", drift > 2 ? .warning : .ok, "this machine and the database differ by \(Int(drift * 1000)) ms",
                drift > 2 ? "run a time service on both" : nil)
        } catch {
            return add("database", .unreachable, "\(error)", "check RELEVO_DATABASE_URL and that the server runs")
        }
        do {
            try await SchemaMigrator(configuration: database.configuration, logger: logger).check()
            add("schema", .ok, "up to date")
        } catch let error as SchemaError where error.code == .older && database.cluster != nil {
            return add("schema", .warning, "\(error)", "relevo up applies it")
        } catch {
            return add("schema", .failed, "\(error)")
        }
        await lookAtCredentials(database)
    }

    private mutating func lookAtCredentials(_ database: Database) async {
        let (settings, logger) = (settings, logger)
        let client = PostgresClient(configuration: database.configuration, logger: logger)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: GraphClient.httpConfiguration(connections: 8))
        let found: [Finding] = await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await client.run() }
            defer { group.cancelAll() }
            return await Self.credentials(settings, client, http, logger)
        }
        try? await http.shutdown()
        findings += found
    }

    private static func credentials(_ settings: Settings, _ client: PostgresClient, _ http: HTTPClient, _ logger: Logger) async -> [Finding]
    {
        var findings: [Finding] = []
        func add(_ check: String, _ verdict: Finding.Verdict, _ detail: String, _ remedy: String? = nil) {
            findings.append(Finding(check: check, verdict: verdict, detail: detail, remedy: remedy))
        }
        let graph = GraphClient(
            configuration: .init(baseURL: settings.graphURL, version: settings.graphVersion), httpClient: http, logger: logger)
        do {
            let vault = try Vault(keys: KeyFile.load(setting: settings.masterKey?.reveal(), dataFolder: settings.dataFolder))
            let store = CredentialStore(vault: vault, client: client)
            try await store.check()
            let all = try await store.list()
            add("master key", .ok, "key \(vault.keyID) opens every stored credential (\(all.count))")
            if all.isEmpty { add("credentials", .warning, "none is stored", "relevo credential add NAME < token-file") }
            for credential in all {
                let token = try await store.token(named: credential.name)
                switch await graph.debugToken(token, token: token) {
                case .success(let info, _):
                    let missing = ["whatsapp_business_management", "whatsapp_business_messaging"].filter { !info.scopes.contains($0) }
                    if !info.isValid {
                        add(
                            "credential \(credential.name)", .failed, "Meta says the token is not valid",
                            "relevo credential rotate \(credential.name)")
                    } else if !missing.isEmpty {
                        add(
                            "credential \(credential.name)", .failed, "lacks the permission \(missing.joined(separator: ", "))",
                            "make a token that has it")
                    } else if let expires = info.expiresAt {
                        add(
                            "credential \(credential.name)", .warning,
                            "expires \(Date(timeIntervalSince1970: Double(expires)).formatted(.iso8601))",
                            "use a system user's token that does not expire")
                    } else {
                        add("credential \(credential.name)", .ok, "valid, with both permissions")
                    }
                case .notSent(let reason), .ambiguous(let reason, nil):
                    add(
                        "graph", .unreachable, "\(settings.graphURL) cannot be reached: \(reason)", "check RELEVO_GRAPH_URL and the network"
                    )
                case let other: add("credential \(credential.name)", .failed, other.summary)
                }
            }
        } catch {
            add("credentials", .failed, "\(error)")
        }
        if !findings.contains(where: { $0.check == "graph" }) {
            switch await graph.me(token: Secret("none")) {
            case .success, .refused: add("graph", .ok, "\(settings.graphURL) answers")
            case .notSent(let reason), .ambiguous(let reason, nil):
                add("graph", .unreachable, "\(settings.graphURL) cannot be reached: \(reason)", "check RELEVO_GRAPH_URL and the network")
            case .ambiguous(let reason, _): add("graph", .failed, "\(settings.graphURL) does not answer as the Cloud API does: \(reason)")
            }
        }
        return findings
    }
}
