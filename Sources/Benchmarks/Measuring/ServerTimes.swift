import Foundation
import Logging
import Postgres

/// CPU time of a PostgreSQL server on this machine: of its parent process, of what lives, and of what has ended.
struct ServerTimes: Sendable {
    private let postmaster: Int32

    /// Nil when the server is not on this machine.
    static func find(_ configuration: PostgresConfiguration, logger: Logger) async throws -> ServerTimes? {
        try await PostgresClient.withDirectConnection(configuration, logger: logger) { db in
            let row = try await db.query("SELECT pg_backend_pid(), current_database()::text").decodeFirst((Int32, String).self)
            // A process of that number may be another one here when the server is elsewhere; ours names the database in its title.
            guard let (backend, database) = row,
                let title = try? String(contentsOfFile: "/proc/\(backend)/cmdline", encoding: .utf8), title.contains("postgres"),
                title.contains(database), let parent = ProcessTimes.parent(backend), parent > 1 || ProcessTimes.used(parent) != nil
            else { return nil }
            return ServerTimes(postmaster: parent)
        }
    }

    /// Microseconds used so far.
    func micros() -> Int64 {
        var sum: Int64 = 0
        if let fields = ProcessTimes.fields(postmaster) { sum += ProcessTimes.micros(fields, 11, 12, 13, 14) ?? 0 }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(name), let fields = ProcessTimes.fields(process), fields.count > 1, Int32(fields[1]) == postmaster
            else { continue }
            sum += ProcessTimes.micros(fields, 11, 12) ?? 0
        }
        return sum
    }
}
