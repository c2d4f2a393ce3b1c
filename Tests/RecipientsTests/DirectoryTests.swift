import Foundation
import Postgres
import TestSupport
import Testing

@testable import Recipients

@Suite(.database) struct DirectoryTests {
    let scene = Scene()

    private func learn(_ number: String, _ waID: String, user: String? = nil, at seconds: Double = 0) async throws {
        try await RecipientDirectory.learn(
            [.init(phoneNumberID: scene.sender, number: number, waID: waID, userID: user, at: Scene.time(seconds))], on: scene.db)
    }

    private func lookup(_ address: String) async throws -> RecipientState? {
        try await RecipientDirectory.lookup([address], sender: scene.sender, on: scene.db)[address]
    }

    @Test func aNumberFindsTheWaIDMetaGaveForIt() async throws {
        try await learn("+5511987654321", "551187654321", user: "BR.7")
        #expect(try await lookup("+5511987654321")?.waID == "551187654321")
        #expect(try await lookup("+5511987654321")?.userID == "BR.7")
        #expect(try await RecipientDirectory.show("+5511987654321", on: scene.db).map(\.numbers) == [["+5511987654321"]])
    }

    @Test func aNewerAnswerOfMetaReplacesAnOlderOneAndNotTheOtherWayRound() async throws {
        try await learn("+16315551234", "19995551234", at: 20)
        try await learn("+16315551234", "16315551234", at: 10)
        #expect(try await lookup("+16315551234")?.waID == "19995551234")
        try await learn("+16315551234", "16315551234", at: 30)
        #expect(try await lookup("+16315551234")?.waID == "16315551234")
    }

    @Test func anAnswerAlreadyKnownWritesNothing() async throws {
        for _ in 0..<3 {
            try await learn("+16315551234", "16315551234", user: "US.1")
            try await learn("+5511987654321", "551187654321")
        }
        let versions = try await scene.db.query("SELECT count(DISTINCT xmin::text) FROM recipients.contact").decodeFirst(Int.self)
        #expect(versions == 2)
        #expect(try await scene.db.query("SELECT count(*) FROM recipients.alias").decodeFirst(Int.self) == 1)
    }

    @Test(arguments: [("5511987654321", "+551187654321"), ("551187654321", "+5511987654321"), ("5215512345678", "+525512345678")])
    func matchingKnowsTheOtherFormOfAnAccount(waID: String, number: String) async throws {
        try await scene.see("h1", at: 1, waID: waID)
        #expect(try await lookup(number)?.hash == "h1")
        #expect(try await RecipientDirectory.show(number, on: scene.db).count == 1)
    }

    @Test func theExactFormComesFirstButDistrustAndOptOutOfTheOtherCount() async throws {
        try await scene.see("exact", at: 1, waID: "5511987654321")
        try await scene.see("other", at: 1, waID: "551187654321")
        #expect(try await lookup("+5511987654321")?.hashToAttach == "exact")
        _ = try await OptOuts.record(
            [
                .init(
                    phoneNumberID: scene.sender, waID: "551187654321", scope: .marketing, active: true, source: "keyword", at: Scene.time(1)
                )
            ], on: scene.db)
        try await scene.db.query("UPDATE recipients.contact SET trust = 'changed', cause = 'mismatch' WHERE wa_id = '551187654321'")
        let state = try #require(try await lookup("+5511987654321"))
        #expect(state.hash == "exact" && state.trust == .changed && state.hashToAttach == nil && state.optOut == .marketing)
    }

    @Test func aUserIDFindsItsContact() async throws {
        try await scene.see("h1", at: 1, user: "US.1", waID: .some(nil))
        #expect(try await lookup("US.1")?.hash == "h1")
        #expect(try await lookup("US.1")?.waID == nil)
        #expect(try await lookup("US.2") == nil)
    }

    @Test func aPersonKnownByUserIDAloneIsMergedWithTheirNumber() async throws {
        try await scene.see("h2", at: 20, user: "US.1", waID: .some(nil))
        _ = try await OptOuts.record(
            [
                .init(
                    phoneNumberID: scene.sender, waID: nil, userID: "US.1", scope: .all, active: true, source: "keyword", at: Scene.time(1))
            ],
            on: scene.db)
        try await scene.see("h1", at: 10)
        try await scene.see("h2", at: 30, user: "US.1")
        let records = try await RecipientDirectory.show(scene.number, on: scene.db)
        #expect(records.count == 1 && records[0].userID == "US.1" && records[0].hash == "h2")
        #expect(records[0].optOuts.map(\.scope) == [.all])
        #expect(try await lookup("US.1")?.optOut == .all)
        #expect(try await scene.db.query("SELECT count(*) FROM recipients.contact").decodeFirst(Int.self) == 1)
    }

    @Test func distrustSurvivesAMerge() async throws {
        _ = try await IdentityLedger.markChanged(
            RecipientKey(phoneNumberID: scene.sender, address: "US.1"), hash: "x", at: Scene.time(5), on: scene.db)
        try await scene.see("h1", at: 10, user: "US.1")
        #expect(try await scene.state()?.trust == .changed)
    }

    @Test func aNumberInOtherHandsIsHeldInEnforceMode() async throws {
        try await scene.see("h1", at: 10, user: "US.1", enforced: true)
        try await scene.see(nil, at: 20, user: "US.2", enforced: true)
        let state = try #require(try await scene.state())
        #expect(state.userID == "US.2" && state.trust == .changed && state.cause == .anotherUser)
        #expect(try await lookup("US.1") == nil)
        // An older event does not bring the first one back.
        try await scene.see(nil, at: 15, user: "US.1", enforced: true)
        #expect(try await scene.state()?.userID == "US.2")
    }

    @Test func aPersonWithANewNumberTakesTheirOptOutsAlong() async throws {
        try await scene.see("h1", at: 10, user: "US.1")
        _ = try await OptOuts.record(
            [
                .init(
                    phoneNumberID: scene.sender, waID: scene.waID, scope: .marketing, active: true, source: "user_preferences",
                    at: Scene.time(11))
            ], on: scene.db)
        try await IdentityLedger.numberChanged(
            phoneNumberID: scene.sender, oldWaID: scene.waID, oldUserID: "US.1", newWaID: "12195555358", newUserID: "US.9",
            at: Scene.time(20), on: scene.db)
        let (old, new) = (try #require(try await scene.state()), try #require(try await lookup("+12195555358")))
        #expect(old.trust == .changed && old.cause == .numberChanged && old.userID == nil)
        #expect(new.trust == .trusted && new.userID == "US.9" && new.hash == nil && new.optOut == .marketing)
        // Told twice, and verified in between: the repeat changes nothing.
        try await scene.verify(at: 30)
        try await IdentityLedger.numberChanged(
            phoneNumberID: scene.sender, oldWaID: scene.waID, oldUserID: "US.1", newWaID: "12195555358", newUserID: "US.9",
            at: Scene.time(20), on: scene.db)
        #expect(try await scene.state()?.trust == .trusted)
    }

    @Test func sendersDoNotSeeEachOthersRecipients() async throws {
        try await scene.see("h1", at: 1)
        #expect(try await RecipientDirectory.lookup([scene.number], sender: "200", on: scene.db).isEmpty)
        #expect(try await RecipientDirectory.show(scene.number, senders: ["200"], on: scene.db).isEmpty)
        #expect(try await RecipientDirectory.knownWaIDs([scene.waID, "1"], sender: "100", on: scene.db) == [scene.waID])
        #expect(try await RecipientDirectory.knownWaIDs([scene.waID], sender: "200", on: scene.db).isEmpty)
    }

    @Test func oneStatementAnswersForManySendersAndBadAddresses() async throws {
        var other = scene
        other.sender = "200"
        try await scene.see("h1", at: 1)
        try await other.see("h2", at: 1)
        let bad = RecipientKey(phoneNumberID: "100", address: "16315551234")
        let states = try await RecipientDirectory.lookup([scene.key, other.key, bad, scene.key], on: scene.db)
        #expect(states[scene.key]?.hash == "h1" && states[other.key]?.hash == "h2" && states[bad] == nil)
    }

    @Test func theChangedOnesCanBeListedPageByPage() async throws {
        for person in 0..<5 {
            var one = scene
            one.waID = "1631555000\(person)"
            one.number = "+" + one.waID
            try await one.mismatch("h", at: Double(person))
        }
        try await scene.see("h1", at: 1)
        let first = try await RecipientDirectory.changed(limit: 3, on: scene.db)
        let second = try await RecipientDirectory.changed(after: try #require(first.last).id, limit: 3, on: scene.db)
        #expect((first + second).compactMap(\.waID) == (0..<5).map { "1631555000\($0)" })
        #expect(try await RecipientDirectory.changed(senders: ["200"], on: scene.db).isEmpty)
    }

    @Test func lookupsUseTheIndexesOfALargeLedger() async throws {
        try await scene.db.query(
            "INSERT INTO recipients.contact (phone_number_id, wa_id) SELECT '100', (16310000000 + n)::text FROM generate_series(1, 20000) n"
        )
        try await scene.db.query("ANALYZE recipients.contact")
        // On one connection, because each hands in its own counters.
        try await scene.db.withConnection { connection in
            let before = try await scans(connection)
            for start in stride(from: 1, to: 200, by: 20) {
                let numbers = (start..<start + 20).map { "+\(16_310_000_000 + $0)" }
                #expect(try await RecipientDirectory.lookup(numbers, sender: "100", on: connection).count == 20)
            }
            #expect(try await scans(connection) == before)
        }
    }

    /// Sequential scans of the contact table so far.
    private func scans(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT pg_stat_force_next_flush()")
        return try await connection.query(
            "SELECT seq_scan::bigint FROM pg_stat_user_tables WHERE schemaname = 'recipients' AND relname = 'contact'"
        ).decodeFirst(Int.self) ?? -1
    }
}
