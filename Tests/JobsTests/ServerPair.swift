import Foundation
import Logging
import Postgres
import Schema
import TestSupport

/// A primary and its streaming standby, for tests that fail over. Each listens on a socket in a folder of its own.
struct ServerPair {
    private let folder: URL
    /// Both servers: whichever takes writes.
    let configuration: PostgresConfiguration

    /// Lends a pair with a migrated database.
    static func with(synchronous: Bool, _ body: (ServerPair) async throws -> Void) async throws {
        let folder = URL(filePath: "/tmp/relevo-pair-\(UUID().uuidString.prefix(8))")
        for name in ["", "a", "b"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
        }
        let hosts = ["a", "b"].map { folder.appending(path: $0).path() }.joined(separator: ",")
        let pair = ServerPair(
            folder: folder, configuration: PostgresConfiguration(parameters: ["host": hosts, "user": "relevo", "dbname": "postgres"]))
        do {
            try await pair.make(synchronous)
            try await body(pair)
        } catch {
            await pair.end()
            throw error
        }
        await pair.end()
    }

    private func make(_ synchronous: Bool) async throws {
        try await run("initdb", "-D", data("a"), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", "relevo")
        try await start("a", "")
        try await run(
            "pg_basebackup", "-D", data("b"), "-h", socket("a"), "-U", "relevo", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        try await start("b", "")
        try await on("a") { primary in
            try await eventually("the standby streams", tries: 1200) {
                try await !primary.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").isEmpty
            }
            // Not in a file that the standby would take over with its copy.
            if synchronous {
                try await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
                try await primary.query("SELECT pg_reload_conf()")
            }
        }
        _ = try await SchemaMigrator(configuration: configuration, logger: quiet).migrate()
    }

    /// Cuts the standby off: what the primary commits from now on is gone with it.
    func cutOff() async throws {
        try await on("b", attributes: "any") { standby in
            try await standby.query("ALTER SYSTEM SET primary_conninfo = ''")
            try await standby.query("SELECT pg_reload_conf()")
            try await eventually("nothing is received", tries: 1200) {
                try await standby.query("SELECT 1 FROM pg_stat_wal_receiver").isEmpty
            }
        }
    }

    /// Kills the primary and all its processes, and lets the standby take over.
    func failOver() async throws {
        let text = try String(contentsOfFile: data("a") + "/postmaster.pid", encoding: .utf8)
        guard let pid = text.split(separator: "\n").first.flatMap({ Int32($0) }), pid > 1 else {
            throw ServerPrograms.Failed(description: "no primary")
        }
        // pg_ctl has made it the leader of a group.
        kill(-pid, SIGKILL)
        try await run("pg_ctl", "-D", data("b"), "-w", "promote")
    }

    private func on(_ name: String, attributes: String = "read-write", _ body: (PostgresConnection) async throws -> Void) async throws {
        var own = configuration
        own.parameters["host"] = socket(name)
        own.parameters["target_session_attrs"] = attributes
        try await PostgresClient.withDirectConnection(own, logger: quiet, body)
    }

    private func socket(_ name: String) -> String { folder.appending(path: name).path() }
    private func data(_ name: String) -> String { socket(name) + "/data" }

    private func start(_ name: String, _ more: String) async throws {
        // Without fsync a server that is killed loses nothing: the machine lives on.
        let options =
            "-c listen_addresses= -c unix_socket_directories=\(socket(name)) -c fsync=off -c max_connections=60 -c jit=off \(more)"
        try await run("pg_ctl", "-D", data(name), "-w", "-l", socket(name) + "/log", "-o", options, "start")
    }

    private func end() async {
        for name in ["a", "b"] { try? await run("pg_ctl", "-D", data(name), "-w", "-m", "immediate", "stop") }
        try? FileManager.default.removeItem(at: folder)
    }

    private func run(_ program: String, _ arguments: String...) async throws {
        try await ServerPrograms.run(program, arguments, in: folder)
    }
}
