import Foundation
import TestSupport
import Testing

@testable import Recipients

@Suite(.database) struct ContinuityTests {
    let old = Scene(sender: "old", number: "+16315551234", waID: "16315551234")
    let new = Scene(sender: "new", number: "+16315551234", waID: "16315551234")
    let customer = Scene(sender: "old", number: "+447700900123", waID: "447700900123")
    let customerAfter = Scene(sender: "new", number: "+447700900123", waID: "447700900123")

    private func probe() async throws -> Continuity.Probe {
        try await Continuity.probe(from: "old", to: "new", testRecipients: [old.number, "+16505550101"], on: old.db)
    }

    private func carry(enforced: Bool = false) async throws -> Continuity.Report {
        try await Continuity.carryOver(
            from: "old", to: "new", probe: probe(), senderEnforces: enforced, at: Scene.time(1000), on: old.db)
    }

    @Test func hashesFollowOnlyAfterTheProbeHasMatched() async throws {
        try await old.see("h1", at: 1)
        try await customer.see("c1", at: 1, user: "GB.1")
        let before = try await carry()
        #expect(before.probe.verdict == .unproven && before.contacts == 2 && before.hashes == 0)
        #expect(try await customerAfter.state()?.hash == nil)
        try await new.see("h1", at: 500)
        let after = try await carry()
        #expect(after.probe == Continuity.Probe(matched: ["+16315551234"], differing: [], missing: ["+16505550101"]))
        #expect(after.hashes == 1 && after.differing == 0)
        let state = try #require(try await customerAfter.state())
        #expect(state.hashToAttach == "c1")
        // User ids belong to the portfolio.
        #expect(state.userID == nil)
        #expect(try await carry().hashes == 0)
    }

    @Test func aDifferingProbeCarriesNoHash() async throws {
        try await old.see("h1", at: 1)
        try await customer.see("c1", at: 1)
        try await new.see("other", at: 500)
        let report = try await carry()
        #expect(report.probe.verdict == .differing && report.hashes == 0)
        #expect(try await customerAfter.state()?.hash == nil)
    }

    @Test func optOutsAliasesAndDistrustFollowWithoutAProbe() async throws {
        try await customer.mismatch("c1", at: 5)
        _ = try await OptOuts.record(
            [.init(phoneNumberID: "old", waID: old.waID, scope: .all, active: true, source: "keyword", at: Scene.time(1))], on: old.db)
        try await RecipientDirectory.learn(
            [.init(phoneNumberID: "old", number: "+5511987654321", waID: "551187654321", at: Scene.time(1))], on: old.db)
        _ = try await carry()
        #expect(try await new.state()?.optOut == .all)
        #expect(try await customerAfter.state()?.trust == .changed)
        #expect(try await customerAfter.state()?.cause == .mismatch)
        let states = try await RecipientDirectory.lookup(["+5511987654321"], sender: "new", on: old.db)
        #expect(states["+5511987654321"]?.waID == "551187654321")
    }

    @Test func distrustThatWasSettledUnderTheNewIDDoesNotComeBack() async throws {
        try await customer.mismatch("c1", at: 5)
        _ = try await carry()
        _ = try await IdentityLedger.verify(customer.number, senders: ["new"], how: "met", by: "ana", at: Scene.time(50), on: old.db)
        _ = try await carry()
        #expect(try await customerAfter.state()?.trust == .trusted)
    }

    @Test(arguments: [false, true]) func aHashThatDiffersUnderTheNewIDIsAnotherIdentity(enforced: Bool) async throws {
        try await old.see("h1", at: 1)
        try await new.see("h1", at: 500)
        try await customer.see("c1", at: 1)
        try await customerAfter.see("c2", at: 500)
        #expect(try await carry(enforced: enforced).differing == 1)
        let state = try #require(try await customerAfter.state())
        #expect(state.hash == "c2" && state.trust == (enforced ? .changed : .trusted))
    }

    @Test func aDistrustedHashIsNotCarried() async throws {
        try await old.see("h1", at: 1)
        try await new.see("h1", at: 500)
        try await customer.see("c1", at: 1)
        try await customer.mismatch("c1", at: 5)
        #expect(try await carry().hashes == 0)
        #expect(try await customerAfter.state()?.hash == nil)
    }

    @Test func peopleKnownByUserIDAloneKeepTheirOptOut() async throws {
        _ = try await OptOuts.record(
            [.init(phoneNumberID: "old", waID: nil, userID: "US.1", scope: .marketing, active: true, source: "x", at: Scene.time(1))],
            on: old.db)
        _ = try await carry()
        #expect(try await RecipientDirectory.lookup(["US.1"], sender: "new", on: old.db)["US.1"]?.optOut == .marketing)
    }

    @Test func theSameIDTwiceIsRefused() async throws {
        let probe = try await probe()
        await #expect(throws: RecipientError.self) {
            try await Continuity.carryOver(from: "old", to: "old", probe: probe, senderEnforces: false, at: Scene.time(0), on: old.db)
        }
    }
}
