import Foundation
public import Logging
public import Postgres
import Synchronization

/// A PostgreSQL cluster of Relevo's own in its data folder, shared by every relevo process of that folder: the first starts the server, the
/// last one stops it.
///
/// Reached over a socket in a folder nobody else can enter, and by operating-system user; it does not listen on the network.
public final class PrivatePostgres: Sendable {
    let place: ClusterPlace
    private let owner: ClusterOwner
    private let programs: ServerPrograms
    private let startLock: FileLock
    private let useLock: FileLock
    private let logger: Logger
    private let current: Mutex<Postmaster?>

    static let lockWait: Duration = .seconds(120)

    private init(
        place: ClusterPlace, owner: ClusterOwner, programs: ServerPrograms, locks: (start: FileLock, use: FileLock), logger: Logger
    ) {
        self.place = place
        self.owner = owner
        self.programs = programs
        self.logger = logger
        startLock = locks.start
        useLock = locks.use
        current = Mutex(nil)
    }

    /// Makes the cluster if there is none, starts the server unless it runs, and counts this process as a user of it.
    ///
    /// Throws `PrivatePostgresError`.
    public static func acquire(dataFolder: String, programs folder: String? = nil, logger: Logger) async throws -> PrivatePostgres {
        let owner = try ClusterOwner.find()
        let place = try ClusterPlace.prepare(dataFolder: dataFolder, owner: owner)
        let locks = (start: try FileLock(place.startLock), use: try FileLock(place.useLock))
        try await locks.start.lock(.exclusive, wait: lockWait)
        defer { locks.start.unlock() }
        // Under the lock: another process may be making the cluster.
        let version = (try? String(contentsOfFile: place.data + "/PG_VERSION", encoding: .utf8))
            .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        let programs = try ServerPrograms.find(folder: folder, version: version)
        if version == nil { try await ClusterMaker(place: place, owner: owner, programs: programs, logger: logger).make() }
        let cluster = PrivatePostgres(place: place, owner: owner, programs: programs, locks: locks, logger: logger)
        try await cluster.start()
        try await cluster.useLock.lock(.shared, wait: lockWait)
        try await cluster.makeDatabase()
        return cluster
    }

    /// How to reach it.
    public var configuration: PostgresConfiguration { configuration(database: "relevo") }

    private func configuration(database: String) -> PostgresConfiguration {
        let socket = current.withLock { $0?.socketFolder } ?? place.root + "/socket"
        return PostgresConfiguration(parameters: ["host": socket, "port": "5432", "user": "relevo", "dbname": database])
    }

    /// The server's process, nil when it is away.
    package var process: Int32? { Postmaster.running(in: place)?.process }

    /// Gives the cluster up; whoever is last stops the server. Never throws: a server that stays is found again by the next start.
    public func release() async {
        guard (try? await startLock.lock(.exclusive, wait: .seconds(20))) != nil else { return useLock.unlock() }
        defer { startLock.unlock() }
        // Under the start lock nobody can become a user in between.
        useLock.unlock()
        guard useLock.tryLock(.exclusive) else { return }
        defer { useLock.unlock() }
        guard Postmaster.running(in: place) != nil else { return }
        do {
            let result = try await control(["stop", "-m", "fast", "-w", "-t", "30"])
            if result.status != 0 { logger.warning("PostgreSQL did not stop", metadata: ["why": "\(result.output)"]) }
        } catch {
            logger.warning("PostgreSQL could not be stopped", metadata: ["why": "\(error)"])
        }
    }

    /// Watches the server until cancelled: when it dies, says so, starts it again, and says that.
    public func watch() async throws {
        var failures = 0
        while true {
            try await Task.sleep(for: .milliseconds(failures == 0 ? 300 : min(10_000, 500 << min(failures, 4))))
            if Postmaster.running(in: place) != nil {
                failures = 0
                continue
            }
            if failures == 0 { logger.error("the private PostgreSQL has died; starting it again", metadata: ["log": "\(place.log)"]) }
            do {
                try await startLock.lock(.exclusive, wait: Self.lockWait)
                defer { startLock.unlock() }
                try await start()
                failures = 0
                logger.notice("the private PostgreSQL runs again")
            } catch let error as CancellationError {
                throw error
            } catch {
                failures += 1
                if failures == 1 { logger.error("the private PostgreSQL does not start; trying on", metadata: ["why": "\(error)"]) }
            }
        }
    }

    // MARK: - Inside; under the start lock

    private func start() async throws {
        if let running = Postmaster.running(in: place) {
            try await answers(running)
            return current.withLock { $0 = running }
        }
        Postmaster.clearStale(in: place)
        // The same folder again if there was one: pools keep the address they were made with.
        let socket = try current.withLock { $0?.socketFolder } ?? place.socketFolder(owner: owner)
        try ClusterMaker(place: place, owner: owner, programs: programs, logger: logger).writeSettings(socketFolder: socket)
        // After a kill, the old server's children hold its shared memory for a moment longer.
        var last = ""
        for attempt in 0..<20 {
            let result = try await control(["start", "-w", "-t", "60", "-l", place.log])
            if let running = Postmaster.running(in: place) {
                if result.status != 0 { try await answers(running) }
                return current.withLock { $0 = running }
            }
            last = result.output
            try await Task.sleep(for: .milliseconds(100 + 100 * attempt))
        }
        throw PrivatePostgresError(.failed, "PostgreSQL does not start in \(place.data): \(reason(last))")
    }

    /// Waits for a server that is recovering.
    private func answers(_ running: Postmaster) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        var parameters = configuration(database: "postgres").parameters
        parameters["host"] = running.socketFolder
        while true {
            do {
                try await PostgresClient.withDirectConnection(PostgresConfiguration(parameters: parameters), logger: logger) {
                    _ = try await $0.query("SELECT 1")
                }
                return
            } catch let error as PostgresError where error.isTransient && ContinuousClock.now < deadline && kill(running.process, 0) == 0 {
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                throw PrivatePostgresError(.failed, "the private PostgreSQL in \(place.data) runs but does not answer: \(error)")
            }
        }
    }

    private func makeDatabase() async throws {
        do {
            try await PostgresClient.withDirectConnection(configuration(database: "postgres"), logger: logger) { db in
                let exists = try await db.query("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'relevo')").decodeFirst(Bool.self)
                if exists != true { try await db.query("CREATE DATABASE relevo") }
            }
        } catch {
            throw PrivatePostgresError(.failed, "the private PostgreSQL in \(place.data) has no database: \(error)")
        }
    }

    private func control(_ arguments: [String]) async throws -> Program.Result {
        let command = try owner.command(programs.path("pg_ctl"), ["-D", place.data, "-s"] + arguments)
        return try await Program.run(command.path, command.arguments)
    }

    /// The last line of the server's own log that says what is wrong.
    private func reason(_ output: String) -> String {
        let log = (try? String(contentsOfFile: place.log, encoding: .utf8)) ?? ""
        let line = log.suffix(20_000).split(separator: "\n").last { $0.contains("FATAL") || $0.contains("PANIC") }
        return [line.map(String.init), output.isEmpty ? nil : output, "see \(place.log)"].compactMap { $0 }.joined(separator: "; ")
    }
}
