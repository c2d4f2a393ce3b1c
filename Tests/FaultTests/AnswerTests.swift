import Foundation
import Postgres
import TestProcesses
import TestSupport
import Testing

/// The receiver accepts and says nothing, says it too late, or says something that means nothing.
@Suite(.enabled(if: Faults.areWanted))
struct AnswerTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var kind: String
        var more = ""
        /// Whether the receiver has carried out what was struck.
        var isCarriedOut: Bool
        var testDescription: String { "\(kind) \(more)" }
    }

    static let faults = [
        Fault(kind: "accept_then_drop", isCarriedOut: true),
        Fault(kind: "hang", more: #""carry_out":true"#, isCarriedOut: true),
        // The answer comes after the deadline.
        Fault(kind: "delay", more: #""carry_out":true,"seconds":3"#, isCarriedOut: true),
        // It is even carried out after the deadline.
        Fault(kind: "delay", more: #""seconds":3"#, isCarriedOut: true),
        Fault(kind: "reset", isCarriedOut: false),
        Fault(kind: "hang", isCarriedOut: false),
        Fault(kind: "http", more: #""status":502"#, isCarriedOut: false),
    ]

    @Test(arguments: faults, ["once", "again"]) func noAnswer(_ fault: Fault, _ kind: String) async throws {
        try await EngineCase.with { engine in
            try await engine.machine.plant(fault.kind, times: 5, fault.more)
            try await engine.handIn(kind, 0..<12)
            _ = try await engine.worker("--timeout", "1")
            try await engine.settle(jobs: 12)
            if fault.isCarriedOut {
                try await eventually("everything was carried out", tries: 2400) { try engine.machine.received().accepted.count == 12 }
            }
            let unknown = try await engine.judge()
            #expect(unknown == (kind == "once" ? 5 : 0))
        }
    }

    /// A refusal is certain: it is no reason for silence, and goes again in both modes.
    @Test(arguments: ["once", "again"]) func refusals(_ kind: String) async throws {
        try await EngineCase.with { engine in
            try await engine.machine.plant("error", times: 7, #""code":130429"#)
            try await engine.handIn(kind, 0..<12)
            _ = try await engine.worker()
            try await engine.settle(jobs: 12)
            let unknown = try await engine.judge()
            #expect(unknown == 0)
            #expect(try engine.machine.received().accepted.count == 12)
        }
    }

    /// Polling is the truth: nothing tells the engine of new work.
    @Test(arguments: ["once", "again"]) func withoutHints(_ kind: String) async throws {
        try await EngineCase.with { engine in
            _ = try await engine.worker("--no-hints")
            for round in 0..<4 { try await engine.handIn(kind, round * 4..<round * 4 + 4) }
            try await engine.settle(jobs: 16)
            let unknown = try await engine.judge()
            #expect(unknown == 0)
            let listening = try await engine.client.query(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'")
            #expect(listening.isEmpty)
        }
    }
}
