import CloudAPI
import Foundation
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// The throughput of a number, in shadow: it holds nothing back, and what would have waited is counted.
@Suite struct ThroughputShadowTests {
    private func lane(_ rig: Rig) async throws -> LaneLimits {
        try #require(try await Lanes.state(Sender.laneKey(Rig.sender), on: rig.client)).limits
    }

    private func sender(_ rig: Rig) async throws -> Sender { try #require(try await rig.gateway.senders.find(phoneNumberID: Rig.sender)) }

    private func send(_ rig: Rig, _ index: Int) async throws -> UUID {
        try await rig.submit(QuotaTests.template(to: QuotaTests.number(index))).id
    }

    /// One message in a hundred seconds: what goes sooner is over it, however slow the machine.
    @Test func nothingWaitsAndWhatWouldHaveIsCounted() async throws {
        try await Rig.with { rig in
            try await rig.client.query("UPDATE gateway.sender SET per_second = 0.01")
            let rule = try await rig.gateway.setLimit("number.standard", LimitChange(shadow: true), by: "test")
            #expect(rule.shadow == true)
            #expect(try await lane(rig).perSecond == nil)
            #expect(try await sender(rig).isInShadow)
            var ids: [UUID] = []
            for index in 1...4 { ids.append(try await send(rig, index)) }
            for id in ids { try await rig.reach(id, .accepted) }
            try await rig.gateway.housekeeper.round()
            // The first would not have waited.
            let reached = LimitDay(rule: "throughput", key: Sender.laneKey(Rig.sender), day: "", held: 0, letGo: 3)
            func counted() async throws -> [LimitDay] {
                try await rig.gateway.limits().reached.map {
                    LimitDay(rule: $0.rule, key: $0.key, day: "", held: $0.held, letGo: $0.letGo)
                }
            }
            #expect(try await counted() == [reached])
            // What comes in spends it too, and is not held back by it.
            let inbound = InboundMessage(["from": "16315551009", "id": "wamid.in", "timestamp": "1", "type": "text"])
            var message = try #require(inbound)
            message.timestamp = nil
            try await rig.client.withTransaction { [message] in
                try await rig.gateway.inbound(phoneNumberID: Rig.sender, messages: [message], on: $0)
            }
            #expect(try await rig.client.query("SELECT inbound FROM gateway.throughput_take").decode(Bool.self) == [true])
            try await rig.gateway.housekeeper.round()
            #expect(try await counted() == [reached])
            // On again: one goes, and the next waits.
            try await rig.gateway.setLimit("number.standard", LimitChange(shadow: false), by: "test")
            #expect(try await lane(rig).perSecond == 0.01)
            #expect(try await !sender(rig).isInShadow)
            try await rig.reach(send(rig, 5), .accepted)
            let late = try await send(rig, 6)
            let why = try #require(try await rig.gateway.why(late).first)
            #expect(why.code == "lane_busy" && why.until.map { $0.timeIntervalSinceNow > 30 } == true)
        }
    }

    /// What a person has set holds, and what Meta says next is in shadow as its level is.
    @Test func onlyMetasWordIsInShadow() async throws {
        try await Rig.with(sends: false) { rig in
            // A number that Meta was not asked for yet is a usual one.
            try await rig.gateway.setLimit("number.standard", LimitChange(shadow: true), by: "test")
            #expect(try await lane(rig).perSecond == nil)
            try await rig.gateway.senders.set(Rig.sender, SenderChange(perSecond: 30))
            #expect(try await (lane(rig).perSecond ?? 0) > 29)
            try await rig.gateway.senders.set(Rig.sender, SenderChange(perSecond: .some(nil)))
            #expect(try await lane(rig).perSecond == nil)
            #expect(try await sender(rig).isInShadow)
            rig.meta.reads.withLock {
                $0["/v25.0/\(Rig.sender)"] = .raw(200, #"{"id":"\#(Rig.sender)","throughput":{"level":"HIGH"},"is_on_biz_app":false}"#)
            }
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await (lane(rig).perSecond ?? 0) > 900)
            #expect(try await !sender(rig).isInShadow)
        }
    }

    /// Against a line in which each message waits for its turn, in whatever portions it is counted.
    @Test(arguments: 1...20)
    func theCountIsThatOfALine(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let senders = ["1", "2", "3"]
        let (perSecond, burst) = (Double.random(in: 2...100, using: &random), Int64.random(in: 1...8, using: &random))
        let interval = Int64((1_000_000 / perSecond).rounded(.up))
        var (at, line, late): (Int64, [String: Int64], [String: Int]) = (Int64(Date().timeIntervalSince1970 * 1_000_000), [:], [:])
        var takes: [(sender: String, tokens: Int64, inbound: Bool, at: Int64)] = []
        for _ in 0..<200 {
            at += Int64.random(in: 0...interval * 2, using: &random)
            let sender = senders.randomElement(using: &random)!
            let (tokens, isInbound) = (Int64.random(in: 1...5, using: &random), Int.random(in: 0..<5, using: &random) == 0)
            takes.append((sender, tokens, isInbound, at))
            for _ in 0..<tokens {
                let turn = max(line[sender] ?? 0, at)
                // Of a burst, the last is the one whose turn ends with it.
                if !isInbound, turn + interval > at + burst * interval { late[sender, default: 0] += 1 }
                line[sender] = turn + interval
            }
        }
        let portions = (0..<100).map { _ in Int32.random(in: 1...40, using: &random) }
        let (sent, expected) = (takes, late)
        try await TestDatabase.with { client in
            try await client.query(
                """
                INSERT INTO gateway.throughput_take (sender, tokens, inbound, per_second, burst, at_us)
                SELECT n.sender, n.tokens, n.inbound, \(perSecond), \(Int32(burst)), n.at
                FROM unnest(\(sent.map(\.sender)), \(sent.map { Int32($0.tokens) }), \(sent.map(\.inbound)), \(sent.map(\.at)))
                    WITH ORDINALITY AS n (sender, tokens, inbound, at, place) ORDER BY n.place
                """)
            var folded = 0
            for portion in portions where folded < sent.count {
                folded += try await client.query("SELECT gateway.fold_throughput(\(portion))").decodeFirst(Int.self) ?? 0
            }
            #expect(folded == sent.count)
            let counted = try await client.query("SELECT key, sum(let_go)::bigint FROM gateway.limit_hit GROUP BY key").decode(
                (String, Int).self)
            let byKey = Dictionary(uniqueKeysWithValues: expected.map { (Sender.laneKey($0.key), $0.value) })
            #expect(Dictionary(uniqueKeysWithValues: counted.map { ($0.0, $0.1) }) == byKey)
        }
    }
}
