import CrashPoints
import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// The same faults on the program as its users have it, which sends at most once.
@Suite(.enabled(if: Faults.areWanted))
struct ProductTests {
    @Test(arguments: EngineCrashTests.inWorker) func killedWorker(_ point: CrashPoint) async throws {
        try await ProductCase.with { product in
            try await product.serve()
            try await product.handIn(0..<12)
            try await product.crash(at: point)
            _ = try await product.work()
            try await product.settle()
            let listed = try await product.judge()
            let isSure = [.claimBeforeCommit, .claimAfterCommit, .intentBeforeCommit].contains(point)
            if isSure { #expect(listed == 0) }
            if point == .intentAfterCommit || point == .requestAfterFirstByte { #expect(listed > 0) }
        }
    }

    @Test(arguments: [CrashPoint.rescueBeforeCommit, .rescueAfterCommit]) func killedWhileRescuing(_ point: CrashPoint) async throws {
        try await ProductCase.with { product in
            try await product.serve()
            try await product.handIn(0..<8)
            try await product.crash(at: .intentAfterCommit)
            try await product.crash(at: point)
            _ = try await product.work()
            try await product.settle()
            #expect(try await product.judge() > 0)
        }
    }

    @Test func killedAfterHandIn() async throws {
        try await ProductCase.with { product in
            let first = try await product.serve(crashAt: "\(CrashPoint.enqueueAfterCommit.rawValue):3")
            try await product.handIn(0..<2)
            #expect(try await product.post(2) == nil)
            #expect(await first.exit() == -SIGKILL)
            try await product.serve()
            // The third is there already; its caller does not know and asks again.
            try await product.handIn(2..<6)
            _ = try await product.work()
            try await product.settle()
            #expect(try await product.judge() == 0)
        }
    }

    /// Both roles, and the pollers of both, lose their connections again and again.
    @Test func terminatedBackends() async throws {
        try await ProductCase.with { product in
            let processes = [try await product.serve(), try await product.work(), try await product.work()]
            var terminated = 0
            var handedIn = 0
            while terminated < ServerLossTests.wanted {
                try await product.handIn(handedIn..<handedIn + 10)
                handedIn += 10
                // A backend of this test may be among them.
                terminated +=
                    (try? await product.client.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND pid <> pg_backend_pid() AND query <> ''
                         ORDER BY state <> 'active', random() LIMIT 5
                        """
                    ).count) ?? 0
            }
            try await product.settle()
            #expect(try await product.judge() == 0)
            let living = processes.count { $0.isRunning }
            #expect(living == 3)
        }
    }

    /// The receiver has taken them, and only a webhook tells.
    @Test(arguments: ["accept_then_drop", "hang", "delay"]) func lostAnswers(_ kind: String) async throws {
        try await ProductCase.with { product in
            try await product.serve()
            // The product waits 30 s for an answer.
            try await product.machine.plant(kind, times: 6, #""carry_out":true,"seconds":40"#)
            try await product.handIn(0..<12)
            _ = try await product.work()
            try await product.settle()
            #expect(try await product.judge() == 0)
        }
    }

    @Test func statusesBeforeAnswers() async throws {
        try await ProductCase.with { product in
            try await product.serve()
            try await product.machine.plant("delay", times: 8, #""carry_out":true,"seconds":4"#)
            try await product.handIn(0..<8)
            _ = try await product.work()
            try await product.settle()
            #expect(try await product.judge() == 0)
            let early = try await product.client.query(
                """
                SELECT message_id FROM gateway.event GROUP BY message_id
                HAVING min(recorded_at) FILTER (WHERE kind = 'status.sent') < min(recorded_at) FILTER (WHERE kind = 'accepted')
                """
            ).count
            #expect(early == 8, "the statuses came first")
        }
    }

    @Test func withoutHints() async throws {
        try await ProductCase.with { product in
            product.machine.environment["RELEVO_JOB_HINTS"] = "false"
            try await product.serve()
            _ = try await product.work()
            try await product.handIn(0..<8)
            try await product.settle()
            #expect(try await product.judge() == 0)
        }
    }

    @Test func zombie() async throws {
        try await ProductCase.with { product in
            try await product.serve()
            try await product.handIn(0..<6)
            let zombie = try await product.work(stopAt: CrashPoint.intentAfterCommit.rawValue)
            try await eventually("the worker stands still", tries: 4800) { zombie.isStopped || !zombie.isRunning }
            let heir = try await product.work()
            try await eventually("its messages are unknown", tries: 4800) {
                try await product.messages().contains { $0.state == "unknown" }
            }
            heir.signal(SIGTERM)
            #expect(await heir.exit() == 0)
            zombie.signal(SIGCONT)
            try await product.handIn(6..<12)
            // It wakes up, knows that it was taken for dead, and says that nothing was sent: all of them go.
            try await product.settle()
            #expect(try await product.judge() == 0)
            zombie.signal(SIGTERM)
            #expect(await zombie.exit() == 0)
        }
    }
}
