import AsyncHTTPClient
import CloudAPI
import Foundation
import Gateway
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// What is counted of relays, what may be changed of them, and what they do when a number moves.
@Suite(.enabled(if: TestDatabase.isAvailable)) struct RelayChangeTests {
    private static func status(_ id: String, number: String = "100", waba: String = "500") -> String {
        RelayRig.messages(#""statuses":[\#(Body.status(id, "sent"))]"#, number: number, waba: waba)
    }

    @Test func countingWaitsForNobodyAndEachIsCountedOnce() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/all")
            let full = try await rig.add(.waba, "500", "/full")
            try await rig.client.query("UPDATE webhooks.relay SET is_full = true WHERE id = \(full.id)")
            try await rig.client.withTransaction { db in
                // As somebody who changes them, or another process that counts.
                try await db.query("SELECT FROM webhooks.relay FOR UPDATE")
                try await rig.post(Self.status("wamid.1"))
                try await eventually("delivered, dropped and counted meanwhile") {
                    try await rig.relays.list().map { [$0.delivered, $0.dropped] } == [[1, 0], [0, 1]]
                }
            }
            try await rig.client.query(
                "INSERT INTO webhooks.relay_tally (relay_id, delivered) SELECT id, 1 FROM generate_series(1, 30), webhooks.relay")
            // Several processes at once, one row at a time, so that they meet at both.
            let folded = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await rig.relays.fold(batch: 1) } }
                return try await group.reduce(0) { $0 + $1 }
            }
            #expect(folded == 62)
            #expect(try await rig.client.query("SELECT FROM webhooks.relay_tally").isEmpty)
            #expect(try await rig.client.query("SELECT delivered FROM webhooks.relay ORDER BY id").decode(Int.self) == [31, 30])
            let relays = try await rig.relays.list()
            #expect(relays.map { [$0.delivered, $0.dropped] } == [[31, 0], [30, 1]])
            #expect(relays.allSatisfy { $0.deliveredAt != nil && $0.failure == nil })
        }
    }

    @Test func theLastFailureStaysInWhateverOrderTalliesAreCounted() async throws {
        try await RelayRig.with { rig in
            let id = try await rig.add(.waba, "500", "/all").id
            func tally(_ relay: Int64, _ failure: String, secondsAgo: Double) async throws {
                try await rig.client.query(
                    """
                    INSERT INTO webhooks.relay_tally (relay_id, at, given_up, failure)
                    VALUES (\(relay), clock_timestamp() - make_interval(secs => \(secondsAgo)), 1, \(failure))
                    """)
            }
            func isRight(_ givenUp: Int) async throws -> Bool {
                let relay = try #require(try await rig.relays.list().first)
                let isRecent = try #require(relay.failedAt) > Date(timeIntervalSinceNow: -1800)
                return relay.failure == "new" && relay.givenUp == givenUp && isRecent
            }
            try await tally(id, "old", secondsAgo: 7200)
            try await tally(id, "new", secondsAgo: 1)
            #expect(try await isRight(2))
            // Of one that was removed while a POST to it was under way.
            try await tally(id + 100, "nobody's", secondsAgo: 0)
            #expect(try await rig.relays.fold() == 3)
            #expect(try await isRight(2))
            try await tally(id, "older", secondsAgo: 3600)
            #expect(try await isRight(3))
            #expect(try await rig.relays.fold() == 1)
            #expect(try await isRight(3))
        }
    }

    @Test func aNewSecretSignsWhatWaitsToo() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            try await rig.post(Self.status("wamid.1"))
            let first = try await rig.wait("/all", 1)[0]
            #expect(Signature.verify(first.signature, body: first.body, secret: RelayRig.secret))
            try await rig.relays.setPaused(relay.id, true, by: "test")
            try await rig.post(Self.status("wamid.2"))
            let newer = Secret("the client's newer secret")
            try await rig.relays.set(relay.id, secret: newer)
            try await rig.relays.setPaused(relay.id, false, by: "test")
            let post = try await rig.wait("/all", 2)[1]
            #expect(Signature.verify(post.signature, body: post.body, secret: newer))
            #expect(!Signature.verify(post.signature, body: post.body, secret: RelayRig.secret))
            let stored = try #require(try await rig.client.query("SELECT secret FROM webhooks.relay").decodeFirst(Data.self))
            #expect(stored.range(of: Data(newer.reveal().utf8)) == nil)
            await #expect(throws: RelayError.self) { try await rig.relays.set(relay.id, secret: Secret("short")) }
            await #expect(throws: RelayError.self) { try await rig.relays.set(relay.id + 1, secret: newer) }
        }
    }

    @Test func howManyGoAtATimeIsSetWithinBounds() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            #expect(relay.parallel == 16)
            #expect(try await rig.relays.set(relay.id, parallel: 64).parallel == 64)
            #expect(try await rig.relays.set(relay.id, parallel: 1).parallel == 1)
            #expect(try await Lanes.state(Relays.laneKey(relay.id), on: rig.client)?.limits.maxRunning == 1)
            for odd in [0, 65, -1] {
                await #expect(throws: RelayError.self, "\(odd)") { try await rig.relays.set(relay.id, parallel: odd) }
                await #expect(throws: RelayError.self, "\(odd)") {
                    try await rig.relays.add(
                        scope: .waba, id: "1", url: "https://crm.example", secret: RelayRig.secret, parallel: odd, by: "test")
                }
            }
            #expect(try await rig.relays.list().map(\.parallel) == [1])
        }
    }

    @Test func aNumbersRelayGoesOnWhenTheNumberMoves() async throws {
        try await RelayRig.with { rig in
            func jobs() async throws -> Int? {
                try await rig.client.query("SELECT count(*) FROM jobs.job WHERE kind = 'relay'").decodeFirst(Int.self)
            }
            _ = try await rig.add(.number, "100", "/number")
            _ = try await rig.add(.waba, "600", "/account")
            for (old, new) in [("100", "300"), ("300", "301")] { try await rig.gateway.senders.moved(from: old, to: new, wabaID: "600") }
            try await rig.post(Self.status("wamid.1", number: "301", waba: "600"))
            #expect(try await rig.wait("/number", 1).last?.value["metadata"]?["phone_number_id"]?.text == "301")
            // What comes late of the old id.
            try await rig.post(Self.status("wamid.2"))
            _ = try await rig.wait("/number", 2)
            #expect(try await jobs() == 2)
            // Somebody has added the system again, and another one: neither is told twice, and none is left behind.
            _ = try await rig.add(.number, "301", "/number")
            _ = try await rig.add(.number, "301", "/second")
            try await rig.post(Self.status("wamid.3", number: "301", waba: "600"))
            _ = try await rig.wait("/number", 3)
            _ = try await rig.wait("/second", 1)
            #expect(try await jobs() == 4)
            // Another client's number by now.
            try await rig.gateway.senders.set("301", SenderChange(clientID: "other"))
            try await rig.post(Self.status("wamid.4", number: "301", waba: "600"))
            #expect(try await jobs() == 4)
            #expect(rig.system.posts("/account").isEmpty)
            // Its relays of before do not hide that of its account.
            _ = try await rig.add(.waba, "600", "/theirs", client: "other")
            try await rig.post(Self.status("wamid.5", number: "301", waba: "600"))
            #expect(try await rig.wait("/theirs", 1).first?.status?["id"]?.text == "wamid.5")
            #expect(try await jobs() == 5)
        }
    }

    /// Meta tells of a new id before the move has made it a sender's, and of numbers that nobody has added: no client hears of another's.
    @Test func aNumberThatIsNoSendersIsToldOfToNobodyElse() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/acme")
            _ = try await rig.add(.waba, "500", "/other", client: "other")
            _ = try await rig.add(.waba, "500", "/all", client: "")
            func post(_ wamid: String, display: String) async throws {
                try await rig.post(Self.status(wamid, number: "900").replacing("15550783881", with: display))
            }
            try await post("wamid.1", display: "15550009999")
            #expect(try await rig.wait("/all", 1).last?.status?["id"]?.text == "wamid.1")
            // The number of a sender, under an id that it will have.
            try await post("wamid.2", display: "+1 650-555-0100")
            #expect(try await rig.wait("/acme", 1).last?.status?["id"]?.text == "wamid.2")
            _ = try await rig.wait("/all", 2)
            _ = try await rig.add(.number, "100", "/number")
            try await post("wamid.3", display: "16505550100")
            #expect(try await rig.wait("/number", 1).last?.status?["id"]?.text == "wamid.3")
            // Without its id, as where its quality is told.
            let quality = #"{"display_phone_number":"16505550100","event":"FLAGGED","current_limit":"TIER_10K"}"#
            try await rig.post(Body.change("phone_number_quality_update", quality, waba: "500", time: 1_800_000_000))
            #expect(try await rig.wait("/number", 2).last?.value["event"]?.text == "FLAGGED")
            #expect(rig.system.posts("/acme").count == 1 && rig.system.posts("/other").isEmpty)
            // What concerns the account is told to all.
            try await rig.post(Body.change("account_update", #"{"event":"VERIFIED_ACCOUNT"}"#, waba: "500", time: 1_800_000_000))
            _ = try await rig.wait("/other", 1)
            _ = try await rig.wait("/acme", 2)
        }
    }

    @Test func whatFailsAgainAndAgainGoesBehindWhatIsNew() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            try await rig.relays.set(relay.id, parallel: 1)
            let lane = try #require(try await rig.client.query("SELECT lane_id FROM webhooks.relay").decodeFirst(Int64.self))
            func later(attempt: Int16? = nil) async throws -> Bool {
                try await rig.client.query(
                    "UPDATE jobs.later SET attempt = coalesce(\(attempt), attempt), run_at = clock_timestamp() WHERE lane_id = \(lane)"
                ).affectedRows == 1
            }
            rig.system.answer.withLock { $0 = 400 }
            try await rig.post(Self.status("wamid.old"))
            try await eventually("put off") { try await later(attempt: Int16(RelayKind.patience)) }
            try await eventually("put off, behind the others") {
                let priorities = try await rig.client.query("SELECT priority FROM jobs.later WHERE lane_id = \(lane)").decode(Int16.self)
                return priorities == [RelayKind.behind]
            }
            try await rig.relays.setPaused(relay.id, true, by: "test")
            try await rig.post(Self.status("wamid.new"))
            try await eventually("both are due") {
                _ = try await later()
                return try await rig.client.query("SELECT FROM jobs.ready WHERE lane_id = \(lane)").count == 2
            }
            rig.system.answer.withLock { $0 = 200 }
            try await rig.relays.setPaused(relay.id, false, by: "test")
            #expect(try await rig.wait("/all", 2).compactMap { $0.status?["id"]?.text } == ["wamid.new", "wamid.old"])
        }
    }

    @Test func errorsStayWithTheCallsTheyAreOf() throws {
        func values(_ members: String) throws -> [JSONValue] {
            try RelayUpdate.all(of: Data(RelayRig.messages(members).utf8)).map {
                try JSONValue(parsing: $0.body(nil))["entry"]?[0]?["changes"]?[0]?["value"] ?? .null
            }
        }
        let calls = ["1", "2"].map { #"{"id":"wacid.\#($0)","from":"16505551111","event":"terminate"}"# }.joined(separator: ",")
        let told = try values(#""calls":[\#(calls)],"errors":[{"code":138000},{"code":138001}],"new_key":{"x":1}"#)
        #expect(told.map { $0["calls"]?.elements?.compactMap { $0["id"]?.text } } == [["wacid.1"], ["wacid.2"]])
        for value in told {
            #expect(value["errors"]?.elements?.compactMap { $0["code"]?.integer } == [138_000, 138_001])
            #expect(value["new_key"]?["x"]?.integer == 1 && value["metadata"]?["phone_number_id"]?.text == "100")
        }
        // Of the account, and beside nothing: each is an update.
        let alone = try values(#""errors":[{"code":130429},{"code":131000}]"#)
        #expect(alone.map { $0["errors"]?.elements?.compactMap { $0["code"]?.integer } } == [[130_429], [131_000]])
    }

    /// A system that is away is asked again by us, at our times, and not by the client for as long as a POST may take.
    @Test func aConnectionIsTriedOnce() {
        #expect(!Relays.httpConfiguration.connectionPool.retryConnectionEstablishment)
    }
}
