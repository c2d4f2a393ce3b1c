import CrashPoints
import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// A worker that stands still for longer than its lease, is rescued, and wakes up.
@Suite(.enabled(if: Faults.areWanted))
struct ZombieTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var point: CrashPoint
        var kind: String
        var testDescription: String { "\(kind) \(point.rawValue)" }
    }

    static let cases = EngineCrashTests.inWorker.flatMap { point in ["once", "again"].map { Case(point: point, kind: $0) } }

    @Test(arguments: cases) func wakesUpAfterItsRescue(_ this: Case) async throws {
        try await EngineCase.with { engine in
            try await engine.handIn(this.kind, 0..<4)
            // One batch: all four stand still together.
            let zombie = try await engine.worker(stopAt: this.point.rawValue)
            try await eventually("the worker stands still", tries: 4800) { zombie.isStopped || !zombie.isRunning }
            let heir = try await engine.worker()
            try await eventually("the heir works", tries: 4800) {
                try await engine.client.query("SELECT id FROM jobs.worker").count == 2
            }
            try await engine.settle(jobs: 4)
            let before = try engine.machine.received()
            // The heir goes, so that the zombie has the place to itself and every chance to do wrong.
            heir.signal(SIGTERM)
            #expect(await heir.exit() == 0)
            zombie.signal(SIGCONT)
            try await engine.handIn(this.kind, 4..<8)
            try await engine.settle(jobs: 8)
            zombie.signal(SIGTERM)
            #expect(await zombie.exit() == 0, "\(zombie.errorText.suffix(800))")
            try await engine.judge()
            let after = try engine.machine.received()
            let stories = try await JobStories.read(engine.client)
            for number in 0..<4 {
                let name = "\(this.kind):\(number)"
                // A request in flight may still be carried out, and at these points those of the whole batch are; none is begun.
                if this.point != .requestAfterFirstByte, this.point != .requestAfterResponse {
                    #expect(
                        after.accepted[name] == before.accepted[name],
                        "the zombie sent \(name): \(stories.filter { $0.name == name }); \(zombie.errorText.suffix(2000))")
                }
            }
            let late = stories.filter { $0.results.contains { $0.isLowercase } }
            if this.point == .intentAfterCommit || this.point == .requestAfterResponse {
                #expect(!late.isEmpty, "its late results are recorded: \(stories)")
            }
        }
    }
}
