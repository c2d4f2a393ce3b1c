import CrashPoints
import Foundation
import TestProcesses
import TestSupport
import Testing

/// A few crash points for every test run.
struct QuickTests {
    @Test(arguments: [CrashPoint.claimAfterCommit, .intentAfterCommit, .requestAfterResponse, .finishBeforeCommit])
    func killedAtWork(_ point: CrashPoint) async throws {
        try await EngineCase.with { engine in
            try await engine.handIn("once", 0..<8)
            try await engine.crash(at: point)
            _ = try await engine.worker()
            try await engine.settle(jobs: 8)
            let unknown = try await engine.judge()
            #expect((unknown == 0) == (point == .claimAfterCommit))
        }
    }
}
