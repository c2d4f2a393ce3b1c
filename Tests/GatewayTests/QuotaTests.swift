import CloudAPI
import Foundation
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// Counts of a moving 24 hours: a portfolio's recipients outside service windows, and the messages with a template.
@Suite struct QuotaTests: PortfolioSuite {
    static let portfolio = "portfolio:900"
    static let second = "106540352242933"

    static func template(to: String, name: String = "offer") -> JSONValue {
        [
            "messaging_product": "whatsapp", "to": .string(to), "type": "template",
            "template": ["name": .string(name), "language": ["code": "en_US"]],
        ]
    }

    static func number(_ index: Int) -> String { "+1631555\(1000 + index)" }

    @Test func numbersOfAPortfolioShareItsLimit() async throws {
        try await with(perDay: 2) { rig in
            try await rig.reach(send(rig, 1), .accepted)
            try await rig.reach(send(rig, 2, from: Self.second), .accepted)
            let third = try await send(rig, 3)
            try await rig.reach(third, .held)
            let reason = try #require(try await rig.gateway.why(third).first)
            #expect(reason.code == "portfolio_limit" && reason.key == Self.portfolio && reason.text.contains("2 recipients"))
            #expect(try #require(reason.until) > Date(timeIntervalSinceNow: 23 * 3600))
            // Who is counted already may be written to again, by either number; and who wrote, and anybody without a template.
            try await rig.reach(send(rig, 1, from: Self.second), .accepted)
            let now = Date()
            try await rig.client.withTransaction { db in
                let inbound = InboundMessage([
                    "from": "16315551004", "id": "wamid.in", "timestamp": .string("\(Int(now.timeIntervalSince1970))"), "type": "text",
                ])
                try await rig.gateway.inbound(phoneNumberID: Rig.sender, messages: [try #require(inbound)], on: db)
            }
            try await rig.reach(send(rig, 4), .accepted)
            try await rig.reach(rig.submit(Rig.text(to: Self.number(5))).id, .accepted)
            // A window is of one number: the other one would reach them outside it.
            try await rig.reach(send(rig, 4, from: Self.second), .held)
            #expect(try await used(rig) == 2)
            let limits = try await rig.gateway.limits(clientID: "acme")
            #expect(limits.quotas.map(\.held) == [2])
            #expect(limits.reached.map(\.held) == [2] && limits.reached.map(\.rule) == ["portfolio_limit"])
            #expect(try await rig.gateway.limits(clientID: "other").quotas.isEmpty)
        }
    }

    @Test func quotasComeInPages() async throws {
        try await Rig.with(sends: false) { rig in
            for index in 1...5 {
                try await rig.gateway.setQuota("portfolio:90\(index)", perDay: .some(10), shadow: nil, source: nil, by: "test")
            }
            var (keys, after, left): ([String], String?, [Int]) = ([], nil, [])
            repeat {
                let page = try await rig.gateway.limits(after: after, limit: 2)
                keys += page.quotas.map(\.key)
                left.append(page.more)
                after = page.next
            } while after != nil && left.count < 9
            #expect(keys == (1...5).map { "portfolio:90\($0)" })
            #expect(left == [3, 1, 0])
            // Of a client only its own.
            try await rig.gateway.senders.set(Rig.sender, SenderChange(portfolioID: "903"))
            let own = try await rig.gateway.limits(clientID: "acme", limit: 1)
            #expect(own.quotas.map(\.key) == ["portfolio:903"] && own.next == nil && own.more == 0)
            await #expect(throws: LimitError.self) { try await rig.gateway.limits(after: "a\u{0}b") }
        }
    }

    @Test func placesComeFreeWithTimeInOrder() async throws {
        try await with(perDay: 1) { rig in
            try await rig.reach(send(rig, 1), .accepted)
            let late = try await send(rig, 2, priority: 5)
            try await rig.reach(late, .held)
            let urgent = try await send(rig, 3, priority: 2)
            try await rig.reach(urgent, .held)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 0)
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 24 * 3600 + 60), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 0, "a quarter of an hour is kept for the way to Meta")
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 24 * 3600 + 1000), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(urgent, .accepted)
            // Nobody overtakes those who wait.
            let newer = try await send(rig, 4)
            try await rig.reach(newer, .held)
            #expect(try await rig.record(late).state == .held)
            #expect(try await used(rig) == 1)
            // More room, by a higher limit: in their order, and at once.
            try await rig.gateway.setQuota(Self.portfolio, perDay: .some(3), shadow: nil, source: "tier", by: "test")
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 2)
            try await rig.reach(late, .accepted)
            try await rig.reach(newer, .accepted)
        }
    }

    @Test func whatFailsFreesItsPlace() async throws {
        let refuses = Mutex(true)
        try await with(perDay: 1, reply: { _ in refuses.withLock { $0 } ? .error(400, code: 131026) : .accept }) { rig in
            let first = try await send(rig, 1)
            try await rig.reach(first, .failed)
            #expect(try await used(rig) == 0)
            refuses.withLock { $0 = false }
            let second = try await send(rig, 2)
            try await rig.reach(second, .accepted)
            let third = try await send(rig, 3)
            try await rig.reach(third, .held)
            // Meta tells later that it did not arrive.
            try await rig.statuses([Rig.status("failed", try #require(rig.record(second).wamid), callback: second, code: 131026)])
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(third, .accepted)
            #expect(try await used(rig) == 1)
            // Taken back while it has a place reserved, it leaves none behind.
            let fourth = try await send(rig, 4)
            try await rig.reach(fourth, .held)
            try await rig.gateway.senders.stop(Rig.sender, reason: "test", by: "test")
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 25 * 3600), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 0, "a stopped number gets no place")
            try await rig.gateway.senders.resume(Rig.sender)
            try await Lanes.pause(Sender.laneKey(Rig.sender), reason: "test", by: "test", on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 0, "nor one whose lane stands still")
            try await Lanes.resume(Sender.laneKey(Rig.sender), on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(fourth, .accepted)
            #expect(try await used(rig) == 1)
            // Held, and taken back: no new one waits for it.
            let fifth = try await send(rig, 5)
            try await rig.reach(fifth, .held)
            #expect(try await rig.gateway.cancel(fifth))
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 0)
            try await rig.gateway.setQuota(Self.portfolio, perDay: .some(2), shadow: nil, source: nil, by: "test")
            try await rig.reach(send(rig, 6), .accepted)
        }
    }

    @Test func whoIsReachedLaterCountsFromThen() async throws {
        try await with(perDay: 1) { rig in
            let first = try await send(rig, 1)
            try await rig.reach(first, .accepted)
            let wamid = try #require(try await rig.record(first).wamid)
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 30 * 3600), speed: 1, on: rig.client)
            #expect(try await used(rig) == 0)
            let now = Int(Date().timeIntervalSince1970) + 30 * 3600
            let delivered = StatusUpdate([
                "id": .string(wamid), "status": "delivered", "timestamp": .string("\(now)"), "recipient_id": "16315551001",
            ])
            for _ in 0..<2 { try await rig.statuses([try #require(delivered)]) }
            #expect(try await used(rig) == 1)
            let second = try await send(rig, 2)
            try await rig.reach(second, .held)
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 55 * 3600), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(second, .accepted)
        }
    }

    /// The same messages with the limit on, in shadow, and without one.
    @Test func shadowBlocksNothingAndCountsTheSame() async throws {
        for shadow in [false, true] {
            try await with(perDay: 2, shadow: shadow) { rig in
                var ids: [UUID] = []
                // One by one, so that each finds what the one before it left.
                for index in [1, 2, 1, 3, 4, 3, 2] {
                    let id = try await send(rig, index)
                    try await eventually("decided") { try await [.accepted, .held].contains(rig.record(id).state) }
                    ids.append(id)
                }
                var held = 0
                for id in ids where try await rig.record(id).state == .held { held += 1 }
                let limits = try await rig.gateway.limits()
                #expect(held == (shadow ? 0 : 3))
                #expect(limits.reached.map { $0.held + $0.letGo } == [3])
                #expect(limits.reached.allSatisfy { shadow ? $0.held == 0 : $0.letGo == 0 })
                #expect(limits.quotas.map(\.used) == [shadow ? 4 : 2])
            }
        }
    }

    @Test func aTemplateHasItsOwnQuota() async throws {
        let key = "template:\(Rig.waba):offer:en_US"
        try await with(perDay: 10) { rig in
            try await rig.gateway.setQuota(key, perDay: .some(2), shadow: nil, source: nil, by: "test")
            // Messages count, not people.
            let first = try await send(rig, 1)
            try await rig.reach(first, .accepted)
            try await rig.reach(send(rig, 1), .accepted)
            let third = try await send(rig, 2)
            try await rig.reach(third, .held)
            #expect(try await rig.gateway.why(third).first?.key == key)
            try await rig.reach(rig.submit(Self.template(to: Self.number(3), name: "other")).id, .accepted)
            #expect(try await used(rig, key) == 2)
            // All or nothing: what the template has no place for takes none of the portfolio.
            #expect(try await used(rig) == 2)
            // What Meta took counts, also when it does not arrive.
            try await rig.statuses([Rig.status("failed", try #require(rig.record(first).wamid), callback: first, code: 131026)])
            #expect(try await used(rig, key) == 2)
            #expect(try await used(rig) == 2)
            #expect(try await rig.gateway.dropQuota(key))
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(third, .accepted)
            #expect(try await used(rig) == 3)
            // Set again, it has what was counted before it was dropped, and what went meanwhile.
            try await rig.gateway.setQuota(key, perDay: .some(3), shadow: nil, source: nil, by: "test")
            #expect(try await used(rig, key) == 3)
            try await rig.reach(send(rig, 1), .held)
            #expect(try await used(rig) == 3)
        }
    }

    /// One who has waited for the portfolio does not wait again behind those who wait for the template: two lines would send it back and forth.
    @Test func twoLinesDoNotSendAMessageBackAndForth() async throws {
        let key = "template:\(Rig.waba):offer:en_US"
        try await with(perDay: 1) { rig in
            try await rig.gateway.setQuota(key, perDay: .some(1), shadow: nil, source: nil, by: "test")
            let other = "106540352242944"
            try await rig.gateway.senders.add(
                NewSenderRecord(phoneNumberID: other, e164: "+16505550122", wabaID: Rig.waba, clientID: "acme", portfolioID: "900"))
            try await rig.reach(send(rig, 1), .accepted)
            // One for each quota, of a number that does not send any more.
            let forPortfolio = try await send(rig, 2)
            try await rig.reach(forPortfolio, .held)
            let forTemplate = try await send(rig, 1)
            try await rig.reach(forTemplate, .held)
            try await rig.gateway.senders.stop(Rig.sender, reason: "test", by: "test")
            let message = try await send(rig, 3, from: other)
            try await rig.reach(message, .held)
            for name in [Self.portfolio, key] {
                try await rig.gateway.setQuota(name, perDay: .some(10), shadow: nil, source: nil, by: "test")
            }
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 1)
            try await rig.reach(message, .accepted)
            for id in [forPortfolio, forTemplate] { #expect(try await rig.record(id).state == .held) }
            // Nobody in those lines may go: who comes now does not wait behind them.
            try await rig.gateway.housekeeper.round()
            try await rig.reach(send(rig, 4, from: other), .accepted)
            try await rig.gateway.senders.resume(Rig.sender)
            #expect(try await rig.gateway.housekeeper.round().quotasReleased == 2)
            try await rig.reach(forPortfolio, .accepted)
            try await rig.reach(forTemplate, .accepted)
        }
    }

    /// The book alone, where both lines have somebody who may go.
    @Test func whoHasHadItsTurnDoesNotWaitBehindOthers() {
        let (first, second) = (QuotaItem(key: "portfolio:1", item: "a"), QuotaItem(key: "template:1", item: "m"))
        func book(used: Int) -> QuotaBook {
            QuotaBook(
                standings: [
                    first.key: .init(perDay: 5, isInShadow: false, used: 1, isWaitedFor: true),
                    second.key: .init(perDay: 5, isInShadow: false, used: used, isWaitedFor: true),
                ], counted: [first])
        }
        var waits = book(used: 1)
        #expect(waits.admit([first, second]) == .hold(key: second.key))
        var goes = book(used: 1)
        #expect(goes.admit([first, second], reserved: [first.key]) == .go(over: []))
        var full = book(used: 5)
        #expect(full.admit([first, second], reserved: [first.key]) == .hold(key: second.key))
    }

    /// Who writes may be written to: no place is needed any more.
    @Test func whoWritesNeedsNoPlace() async throws {
        try await with(perDay: 1) { rig in
            try await rig.reach(send(rig, 1), .accepted)
            let held = try await send(rig, 2)
            try await rig.reach(held, .held)
            try await rig.client.withTransaction { db in
                let inbound = InboundMessage([
                    "from": "16315551002", "id": "wamid.in", "timestamp": .string("\(Int(Date().timeIntervalSince1970))"), "type": "text",
                ])
                try await rig.gateway.inbound(phoneNumberID: Rig.sender, messages: [try #require(inbound)], on: db)
            }
            try await rig.reach(held, .accepted)
            #expect(try await used(rig) == 1)
        }
    }

    /// Far back in the line, day after day.
    @Test func everyoneInTheLineIsToldATime() async throws {
        try await with(perDay: 2) { rig in
            for index in 1...2 { try await rig.reach(send(rig, index), .accepted) }
            var last: Date?
            for index in 3...7 {
                let id = try await send(rig, index)
                try await rig.reach(id, .held)
                let until = try #require(try await rig.gateway.why(id).first?.until)
                #expect(until >= last ?? until)
                last = until
            }
            #expect(try #require(last) > Date(timeIntervalSinceNow: 2 * 86_400))
        }
    }

    /// In one batch of one admission, by itself: places are given in the order of arrival, and a message takes all or nothing.
    @Test(arguments: 0..<40) func theBookKeepsEveryLimit(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let keys = ["a", "b", "c"]
        var limits: [String: Int?] = [:]
        for key in keys { limits[key] = Bool.random(using: &random) ? Int.random(in: 0...6, using: &random) : nil }
        let counted = Set(
            (0..<4).map { _ in QuotaItem(key: keys.randomElement(using: &random)!, item: "\(Int.random(in: 0..<8, using: &random))") })
        var book = QuotaBook(
            standings: Dictionary(
                uniqueKeysWithValues: keys.map { key in
                    let used = counted.count { $0.key == key }
                    return (key, .init(perDay: limits[key]!, isInShadow: false, used: used, isWaitedFor: false))
                }), counted: counted)
        var taken = counted
        var closed: Set<String> = []
        for _ in 0..<60 {
            let wants = keys.filter { _ in Bool.random(using: &random) }.map {
                QuotaItem(key: $0, item: "\(Int.random(in: 0..<8, using: &random))")
            }
            let blocked = wants.first { want in
                guard !taken.contains(want), let limit = limits[want.key]! else { return false }
                return closed.contains(want.key) || taken.count { $0.key == want.key } >= limit
            }
            switch book.admit(wants) {
            case .go:
                #expect(blocked == nil)
                taken.formUnion(wants)
            case .hold(let key):
                #expect(blocked?.key == key)
                closed.insert(key)
            }
            for key in keys { #expect(book.standings[key]?.used == taken.count { $0.key == key }) }
        }
    }

    /// Whatever is taken, freed, told late and over with: the number kept is that of different items counted.
    @Test(arguments: [1, 2, 3] as [UInt64]) func theCountIsThatOfTheItems(seed: UInt64) async throws {
        try await TestDatabase.with { client in
            var random = SeededRandom(seed: seed)
            try await client.query("INSERT INTO gateway.quota (key, per_day, source) VALUES ('portfolio:1', 5, 'test')")
            let ids = (0..<12).map { _ in UUID() }
            for step in 0..<120 {
                let (id, item) = (ids.randomElement(using: &random)!, "i\(Int.random(in: 0..<5, using: &random))")
                let attempt = Int.random(in: 1...3, using: &random)
                try await client.withTransaction { db in
                    switch Int.random(in: 0..<5, using: &random) {
                    case 0, 1:
                        _ = try await Quotas.open([.init(key: "portfolio:1", item: item)], on: db)
                        try await Quotas.take(
                            [(.init(key: "portfolio:1", item: item), message: id, attempt: attempt)],
                            over: Bool.random(using: &random) ? [] : [.init(key: "portfolio:1", item: item)], on: db)
                    case 2: try await Quotas.free([(.init(key: "portfolio:1", item: item), message: id, attempt: attempt)], on: db)
                    case 3:
                        try await db.query(
                            """
                            INSERT INTO gateway.quota_mark (key, item, message_id, attempt, until)
                            VALUES ('portfolio:1', \(item), \(id), \(attempt), jobs.now() + make_interval(hours => \(Int.random(in: -2...30, using: &random))::int))
                            """)
                    default:
                        try await db.query("UPDATE gateway.quota_use SET until = until - interval '9 hours' WHERE item = \(item)")
                    }
                }
                let used = try await client.query("SELECT used FROM gateway.open_quotas('{portfolio:1}')").decodeFirst(Int.self)
                let row = try await client.query(
                    """
                    SELECT (SELECT count(DISTINCT item) FROM gateway.quota_use), (SELECT count(*) FROM gateway.quota_mark),
                        (SELECT count(*) FROM gateway.quota_use WHERE until <= jobs.now())
                    """
                ).decodeFirst((Int, Int, Int).self)
                let (items, marks, over) = try #require(row)
                #expect(used == items && marks == 0 && over == 0, "step \(step)")
            }
        }
    }
}
