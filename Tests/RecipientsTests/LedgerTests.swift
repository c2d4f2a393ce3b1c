import Foundation
import Postgres
import TestSupport
import Testing

@testable import Recipients

/// The identity ledger on PostgreSQL: whatever the order in which webhooks arrive, nobody is written to whose identity changed.
struct LedgerTests {
    static let sender = "100"
    static let ana = "+16505550101"
    static let waID = "16505550101"

    private func at(_ seconds: Double) -> Date { Date(timeIntervalSince1970: 1_796_083_200 + seconds) }

    private func seen(_ hash: String?, _ seconds: Double, enforces: Bool = true, sender: String = sender) -> IdentityObservation {
        IdentityObservation(
            phoneNumberID: sender, waID: Self.waID, hash: hash, source: .status, at: at(seconds), senderEnforces: enforces)
    }

    private func state(_ db: some PostgresExecutor, _ sender: String = sender) async throws -> RecipientState? {
        try await RecipientDirectory.lookup([Self.ana], sender: sender, on: db)[Self.ana]
    }

    static func orders<T>(of items: [T]) -> [[T]] {
        guard items.count > 1 else { return [items] }
        return items.indices.flatMap { index -> [[T]] in
            var rest = items
            let first = rest.remove(at: index)
            return orders(of: rest).map { [first] + $0 }
        }
    }

    @Test(arguments: [false, true])
    func everyOrderEndsTheSame(enforces: Bool) async throws {
        try await TestDatabase.with { client in
            let events = [("h1", 0.0), ("h1", 10), ("h2", 20), (nil, 30)] as [(String?, Double)]
            for order in Self.orders(of: events) {
                try await client.query("TRUNCATE recipients.contact CASCADE")
                for (hash, time) in order { _ = try await IdentityLedger.observe([seen(hash, time, enforces: enforces)], on: client) }
                let state = try #require(try await state(client))
                #expect(state.hash == "h2", "\(order)")
                #expect(state.trust == (enforces ? .changed : .trusted), "\(order)")
                #expect(state.hashToAttach == (enforces ? nil : "h2"))
            }
        }
    }

    @Test func mismatchVerificationAndLearning() async throws {
        try await TestDatabase.with { client in
            let key = RecipientKey(phoneNumberID: Self.sender, address: Self.ana)
            #expect(try await IdentityLedger.observe([seen("h1", 0), seen("h1", 1)], on: client) == [.first, .same])
            #expect(try await IdentityLedger.markChanged(key, hash: "h1", at: at(10), on: client) == .changed)
            #expect(try await IdentityLedger.markChanged(key, hash: "h1", at: at(11), on: client) == .already)
            #expect(try await state(client)?.trust == .changed)
            let verified = try await IdentityLedger.verify(Self.ana, how: "called back", by: "olga", at: at(60), on: client)
            #expect(verified.map(\.wasChanged) == [true])
            var state = try #require(try await state(client))
            #expect(state.trust == .trusted && state.isLearning && state.hashToAttach == nil)
            // The failure of a message sent before the verification comes late: it says nothing about now.
            #expect(try await IdentityLedger.markChanged(key, hash: "h1", at: at(30), on: client) == .stale)
            // So does a status from before it.
            #expect(try await IdentityLedger.observe([seen("h1", 20)], on: client) == [.late])
            #expect(try await IdentityLedger.observe([seen("h2", 70)], on: client) == [.learned])
            state = try #require(try await self.state(client))
            #expect(state.hashToAttach == "h2")
            await #expect(throws: RecipientError.self) {
                try await IdentityLedger.verify(Self.ana, how: " ", by: "olga", at: at(80), on: client)
            }
        }
    }

    @Test func aliasesFindTheContactMetaNamed() async throws {
        try await TestDatabase.with { client in
            // A Brazilian number written with its ninth digit, whose account has none.
            let answer = RecipientDirectory.Answer(
                phoneNumberID: Self.sender, number: "+5511961231445", waID: "551161231445", at: at(0))
            try await RecipientDirectory.learn([answer, answer], on: client)
            _ = try await IdentityLedger.observe(
                [
                    IdentityObservation(
                        phoneNumberID: Self.sender, waID: "551161231445", hash: "b1", source: .inbound, at: at(1), senderEnforces: true)
                ], on: client)
            let found = try await RecipientDirectory.lookup(["+5511961231445"], sender: Self.sender, on: client)
            #expect(found["+5511961231445"]?.hashToAttach == "b1")
            #expect(try await RecipientDirectory.knownWaIDs(["551161231445", "1"], sender: Self.sender, on: client) == ["551161231445"])
            #expect(try await RecipientDirectory.lookup(["+5511961231445"], sender: "another", on: client).isEmpty)
        }
    }

    /// What a number means is part of who it means, and what it meant before stays in their history.
    @Test func aNumberThatMovesIsInBothHistories() async throws {
        try await TestDatabase.with { client in
            let number = "+447700900199"
            for (waID, second) in [("447700900200", 0.0), ("447700900201", 60), ("447700900200", 30)] {
                try await RecipientDirectory.learn(
                    [.init(phoneNumberID: Self.sender, number: number, waID: waID, at: at(second))], on: client)
            }
            func history(_ waID: String) async throws -> [String] {
                try await RecipientDirectory.show("+" + waID, on: client).flatMap(\.events).map {
                    "\($0.kind) \($0.detail ?? "") \($0.at == at(0))"
                }
            }
            #expect(try await RecipientDirectory.show(number, on: client).map(\.waID) == ["447700900201"], "the newest word")
            #expect(try await history("447700900200") == ["alias \(number) true"])
            #expect(try await history("447700900201") == ["alias \(number) false"])
        }
    }

    /// Answers of one batch may name the same number twice, people that are known, and people nobody knows yet.
    @Test(arguments: [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]])
    func ofOneBatchTheNewestWordCounts(order: [Int]) async throws {
        try await TestDatabase.with { client in
            func answer(_ number: String, _ waID: String, _ second: Double, user: String? = nil) -> RecipientDirectory.Answer {
                .init(phoneNumberID: Self.sender, number: number, waID: waID, userID: user, at: at(second))
            }
            try await RecipientDirectory.learn([answer("+551187654321", "551187654321", 0)], on: client)
            let answers = [
                answer("+447700900199", "447700900201", 60), answer("+447700900199", "447700900200", 0),
                answer("+5511987654321", "551187654321", 10), answer("+551187654321", "551187654321", 20),
                answer("+447700900300", "447700900301", 30, user: "GB.1"),
            ]
            try await RecipientDirectory.learn(order.map { answers[$0] }, on: client)
            for (number, waID) in [
                ("+447700900199", "447700900201"), ("+5511987654321", "551187654321"), ("+551187654321", "551187654321"),
                ("+447700900300", "447700900301"), ("GB.1", "447700900301"),
            ] {
                #expect(try await RecipientDirectory.show(number, on: client).map(\.waID) == [waID], "\(number)")
            }
            let contacts = try await client.query("SELECT count(*) FROM recipients.contact").decodeFirst(Int.self)
            // The older word is of somebody too.
            #expect(contacts == 4)
        }
    }

    /// Meta names a number's own digits after another number's: the same in one batch as in two.
    @Test(arguments: [nil, "GB.7"] as [String?])
    func aNumberThatIsItsOwnAgainInTheSameBatch(userID: String?) async throws {
        try await TestDatabase.with { client in
            let number = "+447700900199"
            if let userID {
                try await RecipientDirectory.learn(
                    [.init(phoneNumberID: Self.sender, number: number, waID: "447700900199", userID: userID, at: at(0))], on: client)
            }
            try await RecipientDirectory.learn(
                [
                    .init(phoneNumberID: Self.sender, number: number, waID: "447700900200", at: at(10)),
                    .init(phoneNumberID: Self.sender, number: number, waID: "447700900199", userID: userID, at: at(20)),
                ], on: client)
            #expect(try await RecipientDirectory.show(number, on: client).map(\.waID) == ["447700900199"])
        }
    }

    @Test func twoWhoLearnTheSameDoNotWaitInACircle() async throws {
        try await TestDatabase.with { client in
            let answers = (0..<40).map {
                RecipientDirectory.Answer(
                    phoneNumberID: Self.sender, number: "+4477009\(10000 + $0)", waID: "4477009\(20000 + $0)", at: at(Double($0)))
            }
            for round in 0..<10 {
                try await client.query("TRUNCATE recipients.contact CASCADE")
                async let one: Void = RecipientDirectory.learn(answers, on: client)
                async let other: Void = RecipientDirectory.learn(answers.reversed(), on: client)
                _ = try await (one, other)
                let aliases = try await client.query("SELECT count(*) FROM recipients.alias").decodeFirst(Int.self)
                #expect(aliases == 40, "round \(round)")
            }
        }
    }

    @Test func changedNumbersAreHeldAndOptOutsFollow() async throws {
        try await TestDatabase.with { client in
            _ = try await IdentityLedger.observe([seen("h1", 0)], on: client)
            try await OptOuts.record(
                [
                    OptOuts.Change(
                        phoneNumberID: Self.sender, waID: Self.waID, scope: .marketing, active: true, source: "user_preferences", at: at(5)),
                    // Older word, later arrival.
                    OptOuts.Change(
                        phoneNumberID: Self.sender, waID: Self.waID, scope: .marketing, active: false, source: "user_preferences", at: at(2)
                    ),
                ], on: client)
            #expect(try await state(client)?.optOut == .marketing)
            for _ in 0..<2 {
                try await IdentityLedger.numberChanged(
                    phoneNumberID: Self.sender, oldWaID: Self.waID, oldUserID: nil, newWaID: "447700900101", newUserID: nil, at: at(9),
                    on: client)
            }
            #expect(try await state(client)?.trust == .changed)
            #expect(try await state(client)?.cause == .numberChanged)
            let new = try await RecipientDirectory.lookup(["+447700900101"], sender: Self.sender, on: client)["+447700900101"]
            #expect(new?.trust == .trusted && new?.optOut == .marketing)
        }
    }

    @Test(arguments: ["h1", "other"])
    func hashesAreCarriedOverOnlyWhenProved(underNewID: String) async throws {
        try await TestDatabase.with { client in
            let tester = "+16505550199"
            func observe(_ waID: String, _ hash: String, _ sender: String) async throws {
                _ = try await IdentityLedger.observe(
                    [
                        IdentityObservation(
                            phoneNumberID: sender, waID: waID, hash: hash, source: .status, at: at(1), senderEnforces: false)
                    ], on: client)
            }
            try await observe("16505550199", "h1", "old")
            try await observe(Self.waID, "a1", "old")
            try await observe("16505550199", underNewID, "new")
            let probe = try await Continuity.probe(from: "old", to: "new", testRecipients: [tester], on: client)
            let report = try await Continuity.carryOver(
                from: "old", to: "new", probe: probe, senderEnforces: true, at: at(2), on: client)
            #expect(report.hashes == (underNewID == "h1" ? 1 : 0))
            #expect(try await state(client, "new")?.hashToAttach == (underNewID == "h1" ? "a1" : nil))
        }
    }

    @Test func textThatCannotBeStoredIsRefusedAlone() async throws {
        try await TestDatabase.with { client in
            var bad = seen("h1", 0)
            bad.waID = "1650\u{0}"
            var nobody = seen("h1", 0)
            nobody.waID = nil
            let verdicts = try await IdentityLedger.observe([bad, seen("h1", 0), nobody], on: client)
            #expect(verdicts == [.refused, .first, .refused])
        }
    }

    /// A batch is worked on in sets; its oracle is one observation at a time, in the order of the batch's locks.
    @Test(arguments: 0..<24)
    func aBatchEndsAsItsObservationsOneByOne(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let users = ["US.a", "US.b", "US.c"]
        let observations = (0..<40).map { _ in
            let (person, user) = (Int.random(in: 0..<5, using: &random), Int.random(in: 0..<6, using: &random))
            // Most people have one user id, and some observations name another's.
            let userID = user == 5 ? users.randomElement(using: &random) : user < 3 && person < 3 ? users[person] : nil
            let waID = userID != nil && Int.random(in: 0..<8, using: &random) == 0 ? nil : "1650555010\(person)"
            let hash = Int.random(in: 0..<3, using: &random) == 0 ? "h\(person)\(Int.random(in: 0..<4, using: &random) / 3)" : nil
            return IdentityObservation(
                phoneNumberID: "", waID: waID, userID: userID, hash: hash, source: .status,
                at: at(Double(Int.random(in: 0..<30, using: &random))), senderEnforces: seed % 2 == 0)
        }
        func of(_ sender: String, _ places: some Sequence<Int>) -> [IdentityObservation] {
            places.map { place in
                var observation = observations[place]
                observation.phoneNumberID = sender
                return observation
            }
        }
        let order = observations.indices.sorted { one, other in
            let (a, b) = (observations[one], observations[other])
            return (a.waID ?? a.userID ?? "", a.at, one) < (b.waID ?? b.userID ?? "", b.at, other)
        }
        // Some of it is known before.
        let known = order.count / 4
        try await TestDatabase.with { client in
            for sender in ["alone", "batch"] {
                for one in of(sender, order.prefix(known)) { _ = try await IdentityLedger.observe([one], on: client) }
            }
            var alone: [ObservationVerdict] = []
            for one in of("alone", order.dropFirst(known)) { alone += try await IdentityLedger.observe([one], on: client) }
            #expect(try await IdentityLedger.observe(of("batch", order.dropFirst(known)), on: client) == alone)
            let states = try await client.query(
                """
                SELECT array_agg(concat_ws(' ', c.wa_id, c.user_id, c.hash, c.hash_at, c.trust, c.cause, c.changed_at, c.learning, c.linked_at, (
                    SELECT string_agg(concat_ws(':', e.kind, e.hash, e.detail, e.occurred_at), ',' ORDER BY e.id) FROM recipients.event e
                    WHERE e.contact_id = c.id)) ORDER BY c.wa_id, c.user_id)::text
                FROM recipients.contact c GROUP BY c.phone_number_id
                """
            ).decode(String.self)
            #expect(states.count == 2 && states[0] == states[1])
        }
    }

    @Test func concurrentObservationsDoNotDeadlock() async throws {
        try await TestDatabase.with { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<6 {
                    group.addTask {
                        for round in 0..<10 {
                            let people = (0..<8).shuffled().map { person in
                                IdentityObservation(
                                    phoneNumberID: Self.sender, waID: "1650555010\(person)", hash: "h", source: .inbound,
                                    at: at(Double(worker * 10 + round)), senderEnforces: true)
                            }
                            _ = try await IdentityLedger.observe(people, on: client)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.query("SELECT count(*) FROM recipients.contact").decodeFirst(Int64.self) == 8)
        }
    }
}
