import Foundation

/// The installed PostgreSQL server programs of one major version.
struct ServerPrograms: Sendable, Equatable {
    /// Smallest version Relevo's SQL runs on.
    static let oldest = 14

    var folder: String
    var version: Int

    func path(_ program: String) -> String { "\(folder)/\(program)" }

    /// The newest programs that are installed; those of `version` when a cluster of it exists already.
    ///
    /// Looks in `folder` and nowhere else when it is given; otherwise where Debian puts them, then where `pg_config` and `PATH` point. Throws
    /// `.notInstalled`.
    static func find(folder: String? = nil, version: Int? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) throws
        -> ServerPrograms
    {
        if let folder {
            guard has(folder), let number = programVersion("\(folder)/postgres"), number >= oldest, version ?? number == number else {
                throw PrivatePostgresError(
                    .notInstalled,
                    "RELEVO_POSTGRES_BIN: no PostgreSQL server programs (initdb, postgres) of version \(version ?? oldest)\(version == nil ? " or later" : "") in \(folder): apt-get install postgresql, or leave it unset"
                )
            }
            return ServerPrograms(folder: folder, version: number)
        }
        var found: [ServerPrograms] = []
        for root in ["/usr/lib/postgresql", "/usr/local/lib/postgresql"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
                if let number = Int(name), has("\(root)/\(name)/bin") {
                    found.append(ServerPrograms(folder: "\(root)/\(name)/bin", version: number))
                }
            }
        }
        let fits = { (programs: ServerPrograms) in version.map { $0 == programs.version } ?? (programs.version >= oldest) }
        if !found.contains(where: fits) {
            let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
            let configured = folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/pg_config") } ? bindir() : nil
            for folder in [configured].compactMap({ $0 }) + folders where has(folder) {
                if let number = programVersion("\(folder)/postgres") { found.append(ServerPrograms(folder: folder, version: number)) }
            }
        }
        if let newest = found.filter(fits).max(by: { $0.version < $1.version }) { return newest }
        if let version {
            throw PrivatePostgresError(
                .notInstalled,
                "the cluster in the data folder is of PostgreSQL \(version), whose server programs are not installed: apt-get install postgresql-\(version)"
            )
        }
        throw PrivatePostgresError(
            .notInstalled,
            "no PostgreSQL server programs (initdb, postgres) of version \(oldest) or later: apt-get install postgresql, or set RELEVO_DATABASE_URL"
        )
    }

    private static func has(_ folder: String) -> Bool {
        ["initdb", "postgres", "pg_ctl"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
    }

    private static func bindir() -> String? { try? Program.output("/usr/bin/env", ["pg_config", "--bindir"]) }

    /// `postgres (PostgreSQL) 15.8 (Debian …)` → 15.
    private static func programVersion(_ path: String) -> Int? {
        guard let text = try? Program.output(path, ["--version"]) else { return nil }
        return text.split(separator: " ").lazy.compactMap { Int($0.prefix { $0.isNumber }) }.first
    }
}
