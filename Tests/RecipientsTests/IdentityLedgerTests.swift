import Foundation
import Postgres
import TestSupport
import Testing

@testable import Recipients

@Suite(.database) struct IdentityLedgerTests {
    let scene = Scene()

    @Test func theNewestObservationWinsAndAllAreKept() async throws {
        #expect(try await scene.state() == nil)
        #expect(try await scene.see("h1", at: 10) == .first)
        #expect(try await scene.see("h1", at: 20) == .same)
        #expect(try await scene.see("h2", at: 30) == .replaced)
        #expect(try await scene.see("h0", at: 15) == .late)
        #expect(try await scene.see(nil, at: 40) == .seen)
        let state = try #require(try await scene.state())
        #expect(state.hash == "h2" && state.hashToAttach == "h2" && state.trust == .trusted && state.waID == "16315551234")
        #expect(try await scene.events() == ["first", "replaced", "late"])
    }

    @Test func aRepeatedHashRenewsItsTime() async throws {
        try await scene.see("h1", at: 10)
        try await scene.see("h1", at: 30)
        #expect(try await scene.see("h0", at: 20) == .late)
        #expect(try await scene.state()?.hash == "h1")
    }

    @Test func anyOrderOfArrivalEndsInTheSameState() async throws {
        let observations = [
            scene.observation("h1", at: 10), scene.observation("h2", at: 20, user: "US.1"), scene.observation("h1", at: 30),
            scene.observation("h3", at: 40, user: "US.2"), scene.observation(nil, at: 25, user: "US.1"),
        ]
        // Each rotation, twice over, under a sender of its own.
        for shift in observations.indices {
            var other = scene
            other.sender = "sender \(shift)"
            for observation in (observations[shift...] + observations[..<shift]) + observations {
                var copy = observation
                copy.phoneNumberID = other.sender
                _ = try await IdentityLedger.observe([copy], on: scene.db)
            }
            let state = try #require(try await other.state())
            #expect(state.hash == "h3" && state.userID == "US.2", "shift \(shift)")
        }
    }

    @Test func oneBatchHoldsSeveralEventsOfOneRecipientInAnyOrder() async throws {
        var stranger = scene
        stranger.waID = "447700900123"
        let verdicts = try await IdentityLedger.observe(
            [scene.observation("h2", at: 20), stranger.observation("x", at: 5), scene.observation("h1", at: 10)], on: scene.db)
        #expect(verdicts == [.replaced, .first, .first])
        #expect(try await scene.state()?.hash == "h2")
    }

    @Test func inEnforceModeAnotherHashHoldsTheRecipient() async throws {
        try await scene.see("h1", at: 10, enforced: true)
        #expect(try await scene.see("h2", at: 20, enforced: true) == .changed)
        let state = try #require(try await scene.state())
        #expect(state.trust == .changed && state.cause == .observed && state.hashToAttach == nil)
        #expect(state.changedAt == Scene.time(20))
        // Going back to the old hash does not give the trust back.
        try await scene.see("h1", at: 30, enforced: true)
        #expect(try await scene.state()?.trust == .changed)
    }

    @Test func aMismatchHoldsTheRecipientUntilAPersonHasVerifiedThem() async throws {
        try await scene.see("h1", at: 10, enforced: true)
        #expect(try await scene.mismatch("h1", at: 20) == .changed)
        #expect(try await scene.mismatch("h1", at: 21) == .already)
        #expect(try await scene.state()?.cause == .mismatch)
        let verified = try await scene.verify(at: 100)
        #expect(verified == [.init(phoneNumberID: "100", waID: "16315551234", userID: nil, wasChanged: true)])
        let state = try #require(try await scene.state())
        #expect(state.trust == .trusted && state.isLearning && state.hash == nil && state.hashToAttach == nil)
        // The old hash comes late; it is not learned again.
        #expect(try await scene.see("h1", at: 50, enforced: true) == .late)
        #expect(try await scene.see("h2", at: 101, enforced: true) == .learned)
        #expect(try await scene.state()?.hashToAttach == "h2")
        #expect(try await scene.events() == ["first", "mismatch", "mismatch", "verified", "late", "learned"])
    }

    @Test func aMismatchOfAMessageSentBeforeTheVerificationIsStale() async throws {
        try await scene.see("h1", at: 10)
        try await scene.mismatch("h1", at: 20)
        try await scene.verify(at: 100)
        #expect(try await scene.mismatch("h1", at: 101) == .stale)
        try await scene.see("h2", at: 102)
        #expect(try await scene.mismatch("h1", at: 103) == .stale)
        #expect(try await scene.mismatch(nil, at: 99) == .stale)
        #expect(try await scene.state()?.hashToAttach == "h2")
        #expect(try await scene.mismatch("h2", at: 104) == .changed)
    }

    @Test func aMismatchOfAnUnknownHashAfterTheVerificationCounts() async throws {
        try await scene.mismatch(nil, at: 20)
        try await scene.verify(at: 100)
        #expect(try await scene.mismatch(nil, at: 200) == .changed)
        #expect(try await scene.state()?.isLearning == false)
    }

    @Test func aRecipientNobodyKnewIsHeldAfterAMismatch() async throws {
        #expect(try await scene.mismatch("callers own", at: 20) == .changed)
        #expect(try await scene.state()?.trust == .changed)
        // A hash seen while changed is noted; only a person gives the trust back.
        #expect(try await scene.see("h2", at: 30, enforced: true) == .first)
        #expect(try await scene.state()?.trust == .changed)
    }

    @Test func whoVerifiedHowAndWhenIsKept() async throws {
        try await scene.see("h1", at: 10)
        try await scene.mismatch("h1", at: 20)
        try await scene.verify(at: 100)
        let record = try #require(try await RecipientDirectory.show(scene.number, on: scene.db).first)
        #expect(
            record.verifications == [
                .init(by: "ana", how: "called back", cause: .mismatch, previousHash: "h1", at: Scene.time(100))
            ])
    }

    @Test func verifyingSomeoneTrustedKeepsTheirHash() async throws {
        try await scene.see("h1", at: 10)
        #expect(try await scene.verify(at: 100).map(\.wasChanged) == [false])
        #expect(try await scene.state()?.hashToAttach == "h1")
    }

    @Test func verificationReachesOnlyTheGivenSenders() async throws {
        var other = scene
        other.sender = "200"
        for one in [scene, other] {
            try await one.see("h1", at: 10)
            try await one.mismatch("h1", at: 20)
        }
        let verified = try await IdentityLedger.verify(
            scene.number, senders: ["200"], how: "met", by: "ben", at: Scene.time(30), on: scene.db)
        #expect(verified.map(\.phoneNumberID) == ["200"])
        #expect(try await scene.state()?.trust == .changed)
        #expect(try await other.state()?.trust == .trusted)
        #expect(try await scene.verify(at: 40).map(\.wasChanged) == [true, false])
    }

    @Test(arguments: [("", "ana"), ("called", " "), (String(repeating: "x", count: 501), "ana"), ("a\u{0}", "ana")])
    func averificationNeedsWords(how: String, by: String) async throws {
        await #expect(throws: RecipientError.self) {
            try await IdentityLedger.verify(scene.number, how: how, by: by, at: Scene.time(0), on: scene.db)
        }
    }

    @Test func observationsThatCannotBeStoredAreRefusedAlone() async throws {
        let nobody = scene.observation("h", at: 1, waID: .some(nil))
        let verdicts = try await IdentityLedger.observe(
            [
                nobody, scene.observation("h\u{0}", at: 1), scene.observation("h", at: 2), scene.observation("", at: 3),
                scene.observation(String(repeating: "h", count: 257), at: 4),
            ], on: scene.db)
        #expect(verdicts == [.refused, .refused, .first, .refused, .refused])
        #expect(try await IdentityLedger.observe([], on: scene.db).isEmpty)
    }

    @Test func theHistoryIsBounded() async throws {
        let flips = (0..<300).map { scene.observation("h\($0 % 2)", at: Double($0)) }
        _ = try await IdentityLedger.observe(flips, on: scene.db)
        #expect(try await scene.db.query("SELECT count(*) FROM recipients.event").decodeFirst(Int.self) == 200)
        #expect(try await scene.state()?.hash == "h1")
    }

    @Test func itJoinsTheCallersTransaction() async throws {
        struct Rollback: Error {}
        await #expect(throws: Rollback.self) {
            try await scene.db.withTransaction { connection in
                _ = try await IdentityLedger.observe([scene.observation("h1", at: 1)], on: connection)
                throw Rollback()
            }
        }
        #expect(try await scene.state() == nil)
    }

    @Test func manyWritersAtOnceLoseNothing() async throws {
        try await withThrowingTaskGroup { [scene] group in
            for writer in 0..<8 {
                group.addTask {
                    for step in 0..<20 {
                        let observations = (0..<5).map { person in
                            scene.observation(
                                "h\(step)", at: Double(step), user: step % 3 == 0 ? "US.\(person)" : nil, waID: "1631555000\(person)")
                        }
                        _ = try await IdentityLedger.observe(writer % 2 == 0 ? observations : observations.reversed(), on: scene.db)
                    }
                }
            }
            try await group.waitForAll()
        }
        let rows = try await scene.db.query("SELECT hash, user_id FROM recipients.contact ORDER BY wa_id").decode((String, String).self)
        #expect(rows.map(\.0) == Array(repeating: "h19", count: 5))
        #expect(rows.map(\.1) == (0..<5).map { "US.\($0)" })
    }
}
