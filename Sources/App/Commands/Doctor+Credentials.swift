import AsyncHTTPClient
import CloudAPI
import Credentials
import Foundation
import Logging
import Postgres

extension Doctor {
    /// Whether Graph answers, and what Meta says of each stored token.
    mutating func lookAtCredentials(_ database: Database) async {
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
