import Foundation
import NIOHTTP1
import Testing

@testable import Sandbox

@Suite struct FaultTests {
    private func accepted(_ rig: Rig) async throws -> Int? { try await rig.control("/state")["messages"]?["accepted"]?.integer }

    @Test func errorsAndPagesStrikeAsOftenAsTheyShould() async throws {
        try await Rig.with { (rig) async throws in
            _ = try await rig.control("/faults", ["match": ["kind": "message"], "times": 2, "kind": "error", "code": 131057])
            _ = try await rig.control(
                "/faults", ["match": ["method": "GET", "path": "phone_numbers$"], "kind": "http_5xx", "status": 503])
            #expect(try await rig.text().code == 131057)
            #expect(try await rig.get("/555001").status == 200)
            #expect(try await rig.text().code == 131057)
            #expect(try await rig.text().status == 200)
            let page = try await rig.get("/102/phone_numbers")
            #expect(page.status == 503)
            #expect(page.json == .null)
            #expect(try await accepted(rig) == 1)
        }
    }

    @Test func aResetCarriesNothingOutAndADropCarriesItOut() async throws {
        try await Rig.with { (rig) async throws in
            _ = try await rig.control("/faults", ["match": ["kind": "message"], "kind": "reset"])
            await #expect(throws: (any Error).self) { try await rig.text() }
            #expect(try await accepted(rig) == 0)
            _ = try await rig.control("/faults", ["match": ["phone_number_id": "555001"], "kind": "accept_then_drop"])
            await #expect(throws: (any Error).self) { try await rig.text() }
            #expect(try await accepted(rig) == 1)
            let requests = try await rig.control("/requests")["requests"]?.elements ?? []
            #expect(requests.compactMap { $0["status"]?.integer } == [0, 200])
            #expect(requests.allSatisfy { $0["fault"] != nil })
        }
    }

    @Test func aDelayHoldsUpTheEffectOrTheAnswer() async throws {
        try await Rig.with { (rig) async throws in
            _ = try await rig.control("/faults", ["match": ["kind": "message"], "kind": "delay", "seconds": 0.3])
            let clock = ContinuousClock()
            let before = try await clock.measure { _ = try await rig.text() }
            #expect(before >= .milliseconds(300))
            _ = try await rig.control("/faults", ["match": ["kind": "message"], "kind": "delay", "seconds": 0.3, "carry_out": true])
            let after = try await clock.measure { _ = try await rig.text() }
            #expect(after >= .milliseconds(300))
            #expect(try await accepted(rig) == 2)
        }
    }

    @Test func aHangNeverAnswers() async throws {
        try await Rig.with { (rig) async throws in
            _ = try await rig.control("/faults", ["match": ["kind": "message"], "kind": "hang"])
            let caller = Task { try await rig.text() }
            var requests: [JSON] = []
            for _ in 0..<2_000 where requests.isEmpty { requests = try await rig.control("/requests")["requests"]?.elements ?? [] }
            #expect(requests.first?["fault"]?.string?.hasSuffix("hang") == true)
            caller.cancel()
            await #expect(throws: (any Error).self) { try await caller.value }
            #expect(try await accepted(rig) == 0)
        }
    }

    @Test func faultsAreListedTakenAwayAndChecked() async throws {
        try await Rig.with { (rig) async throws in
            #expect(try await rig.control("/faults", ["kind": "meteor"])["error"]?["code"] == 100)
            #expect(try await rig.control("/faults", ["kind": "reset", "match": ["path": "("]])["error"] != nil)
            _ = try await rig.control("/faults", ["kind": "reset", "times": 0])
            #expect(try await rig.control("/faults")["faults"]?.elements?.count == 1)
            #expect(try await rig.call(.DELETE, "/_sandbox/faults", token: nil).status == 200)
            #expect(try await rig.text().status == 200)
        }
    }
}
