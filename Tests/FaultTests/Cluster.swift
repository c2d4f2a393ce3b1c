import Foundation
import Logging
import Postgres
import Schema
import TestProcesses
import TestSupport

/// A PostgreSQL cluster of one test's own, to be stopped and started.
struct Cluster {
    struct Failed: Error, CustomStringConvertible { let description: String }

    private static let quiet = Logger(label: "fault") { _ in SwiftLogNoOpLogHandler() }
    private let folder: URL
    private let programs: String

    static func with(_ body: (Cluster) async throws -> Void) async throws {
        let cluster = try Cluster()
        do {
            try await cluster.make()
            try await body(cluster)
        } catch {
            try? await cluster.stop("immediate")
            await cluster.remove()
            throw error
        }
        try await cluster.stop("immediate")
        await cluster.remove()
    }

    private func remove() async {
        if FileManager.default.fileExists(atPath: small.path()) { _ = try? await Self.mounted("/bin/umount", "-l", small.path()) }
        try? FileManager.default.removeItem(at: folder)
    }

    private init() throws {
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []).compactMap { Int($0) }
        guard let newest = versions.max() else { throw Failed(description: "PostgreSQL's server programs are missing") }
        programs = "/usr/lib/postgresql/\(newest)/bin"
        folder = (Faults.folder ?? URL(filePath: "/tmp")).appending(path: "cluster-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
    }

    private func make() async throws {
        try await run(
            "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", "relevo")
        try await start()
    }

    private var data: String { folder.appending(path: "data").path() }

    /// Starts the server as a child, not by `pg_ctl`: what a child leaves behind keeps `Process` waiting for it.
    func start() async throws {
        // Without fsync a server that stops at once loses nothing: the machine lives on.
        let server = try await child(
            "postgres", "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories=\(folder.path())", "-c", "fsync=off", "-c",
            "max_connections=100", "-c", "jit=off")
        let configuration = try configuration
        try await eventually("the server answers", tries: 2400) {
            guard server.isRunning else { throw Failed(description: "postgres: \(server.errorText)") }
            return (try? await PostgresClient.withDirectConnection(configuration, logger: Self.quiet) { try await $0.query("SELECT 1") })
                != nil
        }
    }

    private var configuration: PostgresConfiguration {
        get throws { try PostgresConfiguration(url: "postgresql://relevo@/postgres?host=\(folder.path())") }
    }

    func stop(_ mode: String) async throws { try await run("pg_ctl", "-D", data, "-w", "-m", mode, "stop") }

    // MARK: - A small disk

    private var small: URL { folder.appending(path: "small") }

    /// Whether this machine lets us mount a file system, which only root may.
    static func canMount() async -> Bool {
        let place = FileManager.default.temporaryDirectory.appending(path: "mount-\(UUID().uuidString)")
        guard geteuid() == 0, (try? FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)) != nil else {
            return false
        }
        defer { try? FileManager.default.removeItem(at: place) }
        guard (try? await mounted("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", place.path())) == true else { return false }
        return (try? await mounted("/bin/umount", place.path())) == true
    }

    private static func mounted(_ words: String...) async throws -> Bool {
        let child = try await Child(
            URL(filePath: words[0]), Array(words.dropFirst()), environment: ProcessInfo.processInfo.environment,
            folder: FileManager.default.temporaryDirectory)
        return await child.exit() == 0
    }

    /// A tablespace on a file system of so many megabytes; its folder, where a file can take the rest of the room.
    func makeSmallDisk(megabytes: Int) async throws -> URL {
        try FileManager.default.createDirectory(at: small, withIntermediateDirectories: false)
        guard try await Self.mounted("/bin/mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=777", "none", small.path()) else {
            throw Failed(description: "the small file system could not be mounted")
        }
        let place = small.appending(path: "space").path()
        guard try await Self.mounted("/usr/bin/install", "-d", "-o", "postgres", "-m", "700", place) else {
            throw Failed(description: "no folder for the tablespace")
        }
        try await PostgresClient.withDirectConnection(try configuration, logger: Self.quiet) {
            try await $0.script("CREATE TABLESPACE small LOCATION '\(place)'")
        }
        return small
    }

    /// A database with every migration applied.
    func makeDatabase(tablespace: String = "pg_default") async throws -> PostgresConfiguration {
        let server = try configuration
        try await PostgresClient.withDirectConnection(server, logger: Self.quiet) {
            try await $0.script("CREATE DATABASE relevo TABLESPACE \(tablespace)")
        }
        let configuration = server.database("relevo")
        _ = try await SchemaMigrator(configuration: configuration, logger: Self.quiet).migrate()
        return configuration
    }

    func lend(_ configuration: PostgresConfiguration, _ body: (PostgresClient) async throws -> Void) async throws {
        let client = PostgresClient(configuration: configuration, logger: Self.quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            try await body(client)
            group.cancelAll()
        }
    }

    private func run(_ program: String, _ arguments: String...) async throws {
        let child = try await child([program] + arguments)
        let code = await child.exit()
        guard code == 0 else { throw Failed(description: "\(program): \(child.errorText) \(child.text)") }
    }

    private func child(_ command: String...) async throws -> Child { try await child(command) }

    /// A server program, as another user than root.
    private func child(_ command: [String]) async throws -> Child {
        var command = command
        command[0] = "\(programs)/\(command[0])"
        if geteuid() == 0 {
            command = ["/usr/bin/setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] + command
        }
        return try await Child(
            URL(filePath: "/bin/sh"), ["-c", #"cd "$0" && exec "$@""#, folder.path()] + command,
            environment: ProcessInfo.processInfo.environment, folder: folder)
    }
}
