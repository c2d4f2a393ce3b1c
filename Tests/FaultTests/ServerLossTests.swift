import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// Connections that end in the middle of things, and a server that stops at once.
@Suite(.enabled(if: Faults.areWanted))
struct ServerLossTests {
    static let wanted = 45

    /// Backends of the workers are terminated while they work; the workers live, so that nothing may end as unknown.
    @Test(arguments: ["once", "again"]) func terminatedBackends(_ kind: String) async throws {
        try await EngineCase.with { engine in
            let workers = [try await engine.worker(), try await engine.worker()]
            var terminated = 0
            var handedIn = 0
            while terminated < Self.wanted {
                try await engine.handIn(kind, handedIn..<handedIn + 20)
                handedIn += 20
                try await eventually("a backend to terminate", tries: 2400) {
                    let hits = try await engine.client.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND application_name IN ('relevo jobs', 'fault-worker') AND query <> ''
                         ORDER BY state <> 'active', random() LIMIT 5
                        """
                    ).count
                    terminated += hits
                    return hits > 0
                }
            }
            try await engine.settle(jobs: handedIn)
            let unknown = try await engine.judge()
            #expect(unknown == 0)
            let living = workers.count { $0.isRunning }
            #expect(living == 2)
        }
    }

    @Test func immediateStop() async throws {
        try await Cluster.with { cluster in
            let configuration = try await cluster.makeDatabase()
            try await Machine.with(database: configuration.url) { machine in
                try await cluster.lend(configuration) { client in
                    try await EngineCase.prepared(machine, client) { engine in
                        let workers = [try await engine.worker(), try await engine.worker()]
                        var handedIn = 0
                        for _ in 0..<3 {
                            for kind in ["once", "again"] { try await engine.handIn(kind, handedIn..<handedIn + 40) }
                            handedIn += 40
                            try await cluster.stop("immediate")
                            try await cluster.start()
                        }
                        try await engine.settle(jobs: 2 * handedIn)
                        try await engine.judge()
                        let living = workers.count { $0.isRunning }
                        #expect(living == 2)
                    }
                }
            }
        }
    }

    /// The disk of the tables is full in the middle of the work, and has room again later. Nothing is lost, nothing doubled, nobody gives up.
    @Test(.enabled("needs root, to mount a small file system") { await Cluster.canMount() }) func fullDisk() async throws {
        try await Cluster.with { cluster in
            let disk = try await cluster.makeSmallDisk(megabytes: 64)
            let configuration = try await cluster.makeDatabase(tablespace: "small")
            try await Machine.with(database: configuration.url) { machine in
                try await cluster.lend(configuration) { client in
                    try await EngineCase.prepared(machine, client) { engine in
                        try await client.query("CREATE TABLE fault.more (filler text)")
                        let workers = [try await engine.worker(), try await engine.worker()]
                        for kind in ["once", "again"] { try await engine.handIn(kind, 0..<400) }
                        try await eventually("work has begun") { try await !client.query("SELECT FROM jobs.outcome LIMIT 1").isEmpty }
                        let ballast = disk.appending(path: "ballast")
                        try fill(ballast)
                        // Every page that a table still has is used up in the end.
                        let error = await #expect(throws: PostgresError.self) {
                            while true {
                                try await client.query("INSERT INTO fault.more SELECT repeat('x', 1000) FROM generate_series(1, 100)")
                            }
                        }
                        #expect(error?.sqlState == "53100" && error?.isTransient == true)
                        // Handing in is refused as a whole, or taken as a whole; what was refused is handed in again.
                        let refused = try await engine.enqueue("once", 400..<800)
                        let code = await refused.exit()
                        try FileManager.default.removeItem(at: ballast)
                        if code != 0 { try await engine.handIn("once", 400..<800) }
                        try await engine.settle(jobs: 1200)
                        let unknown = try await engine.judge()
                        #expect(unknown == 0)
                        let living = workers.count { $0.isRunning }
                        #expect(living == 2)
                    }
                }
            }
        }
    }

    private func fill(_ file: URL) throws {
        FileManager.default.createFile(atPath: file.path(), contents: nil)
        let descriptor = open(file.path(), O_WRONLY)
        defer { close(descriptor) }
        let page = [UInt8](repeating: 0, count: 8192)
        while write(descriptor, page, page.count) > 0 {}
    }
}
