import CrashPoints
import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// `kill -9` at every crash point, in both modes of delivery, at its first and at a later passage.
@Suite(.enabled(if: Faults.areWanted))
struct EngineCrashTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var point: CrashPoint
        var kind: String
        var passage: Int
        var testDescription: String { "\(kind) \(point.rawValue):\(passage)" }
    }

    static let inWorker: [CrashPoint] = [
        .claimBeforeCommit, .claimAfterCommit, .intentBeforeCommit, .intentAfterCommit, .requestAfterFirstByte, .requestAfterResponse,
        .finishBeforeCommit, .finishAfterCommit,
    ]
    static let cases = inWorker.flatMap { point in
        ["once", "again"].flatMap { kind in [1, 3].map { Case(point: point, kind: kind, passage: $0) } }
    }

    @Test(arguments: cases) func killedAtWork(_ this: Case) async throws {
        try await EngineCase.with { engine in
            try await engine.handIn(this.kind, 0..<16)
            try await engine.crash(at: this.point, passage: this.passage)
            _ = try await engine.worker()
            try await engine.settle(jobs: 16)
            let unknown = try await engine.judge()
            guard this.kind == "once", this.passage == 1 else { return }
            // Nothing can have been sent before the intent was committed, and nothing is sure after it.
            let isSure = [.claimBeforeCommit, .claimAfterCommit, .intentBeforeCommit].contains(this.point)
            if isSure { #expect(unknown == 0) } else if this.point != .finishAfterCommit { #expect(unknown > 0) }
        }
    }

    @Test(arguments: ["once", "again"]) func killedAfterHandIn(_ kind: String) async throws {
        try await EngineCase.with { engine in
            let child = try await engine.enqueue(kind, 0..<8, crashAt: .enqueueAfterCommit)
            #expect(await child.exit() == -SIGKILL)
            // Whoever was not answered hands in again.
            try await engine.handIn(kind, 0..<8)
            _ = try await engine.worker()
            try await engine.settle(jobs: 8)
            let unknown = try await engine.judge()
            #expect(unknown == 0)
        }
    }

    static let rescues = [CrashPoint.rescueBeforeCommit, .rescueAfterCommit].flatMap { point in
        ["once", "again"].map { Case(point: point, kind: $0, passage: 1) }
    }

    @Test(arguments: rescues) func killedWhileRescuing(_ this: Case) async throws {
        try await EngineCase.with { engine in
            try await engine.handIn(this.kind, 0..<12)
            try await engine.crash(at: .requestAfterResponse)
            try await engine.crash(at: this.point)
            _ = try await engine.worker()
            try await engine.settle(jobs: 12)
            let unknown = try await engine.judge()
            if this.kind == "once" { #expect(unknown > 0) }
        }
    }

    /// A run passes seven transactions, and is killed before and after the commit of each.
    static let steps = [CrashPoint.stepBeforeCommit, .stepAfterCommit].flatMap { point in
        (1...7).map { Case(point: point, kind: "steps", passage: $0) }
    }

    @Test(arguments: steps) func killedInAStep(_ this: Case) async throws {
        try await EngineCase.with { engine in
            try await engine.handIn("steps", 0..<1)
            try await engine.crash(at: this.point, passage: this.passage)
            _ = try await engine.worker()
            try await eventually("the run is done", tries: 7200) {
                try await engine.client.query("SELECT id FROM jobs.run WHERE state = 'done'").count == 1
            }
            let effects = try await engine.client.query("SELECT name, count(*) FROM fault.effect GROUP BY name").decode((String, Int).self)
            let counts = Dictionary(effects.map { ($0.0, $0.1) }) { first, _ in first }
            #expect(counts["first"] == 1 && counts["last"] == 1)
            let received = try engine.machine.received().accepted
            #expect((received["run-0:again"] ?? 0) >= 1)
            let once = received["run-0:once"] ?? 0
            #expect(once <= 1)
            // Not known to have been sent is said to the run; known is not lost.
            if counts["lost"] == nil { #expect(once == 1) }
        }
    }

    @Test func unknownPointsAreRefused() async throws {
        try await EngineCase.with { engine in
            for plan in ["claim.somewhere", "claim.after_commit:0", "claim.after_commit:x", ""] {
                let child = try await engine.worker(crashAt: plan)
                #expect(await child.exit() != 0)
                #expect(child.errorText.contains("RELEVO_CRASH_AT"))
            }
        }
    }
}
