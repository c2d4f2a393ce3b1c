import Foundation
import Postgres
import TestSupport
import Testing

/// Connections that end in the middle of things, and a server that stops at once.
@Suite(.enabled(if: Faults.areWanted))
struct ServerLossTests {
    static let wanted = 45

    /// Backends of the workers are terminated while they work; the workers live, so that nothing may end as unknown.
    @Test(arguments: ["once", "again"]) func terminatedBackends(_ kind: String) async throws {
        try await EngineCase.with { engine in
            let workers = [try engine.worker(), try engine.worker()]
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
                        let workers = [try engine.worker(), try engine.worker()]
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
}
