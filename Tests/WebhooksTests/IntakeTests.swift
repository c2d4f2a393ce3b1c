import CloudAPI
import Foundation
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

@Suite(.enabled(if: TestDatabase.isAvailable)) struct IntakeTests {
    @Test func onlySignedBodiesAreStoredAndBothSecretsCount() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            let body = Data(Body.statuses(Body.status("wamid.1", "sent")).utf8)
            let good = Signature.sign(body, secret: IntakeRig.secret)
            #expect(try await intake.accept(body: body, signature: nil) == .badSignature)
            #expect(try await intake.accept(body: body, signature: "sha256=" + String(repeating: "0", count: 64)) == .badSignature)
            #expect(try await intake.accept(body: body, signature: Signature.sign(body, secret: Secret("another"))) == .badSignature)
            #expect(try await intake.accept(body: body + Data(" ".utf8), signature: good) == .badSignature)
            #expect(try await intake.counts().pending == 0)
            #expect(try await intake.accept(body: body, signature: good) == .stored)
            let other = Data(Body.statuses(Body.status("wamid.2", "sent")).utf8)
            #expect(try await intake.accept(body: other, signature: Signature.sign(other, secret: IntakeRig.older)) == .stored)
            #expect(try await intake.counts().pending == 2)
            #expect(intake.tally == IntakeTally(stored: 2, repeated: 0, badSignature: 4, tooLarge: 0))
            #expect(try await intake.body(of: 1) == body)
        }
    }

    @Test func noSecretMeansNothingIsTaken() async throws {
        try await IntakeRig.withoutEngine { rig, _ async throws in
            let intake = WebhookIntake(client: rig.client, appSecrets: [], verifyToken: nil, owners: rig.owners, logger: IntakeRig.logger)
            let body = Data("{}".utf8)
            #expect(try await intake.accept(body: body, signature: Signature.sign(body, secret: Secret(""))) == .badSignature)
            #expect(intake.challenge(mode: "subscribe", token: "", challenge: "1") == nil)
        }
    }

    @Test func aBodyOfFourMebibytesIsTakenAndOneByteMoreIsNot() async throws {
        try await IntakeRig.withoutEngine { _, intake async throws in
            for (size, verdict) in [(4 << 20, IntakeVerdict.stored), (4 << 20 + 1, .tooLarge)] {
                let body = Data(repeating: UInt8(ascii: "x"), count: size)
                #expect(try await intake.accept(body: body, signature: Signature.sign(body, secret: IntakeRig.secret)) == verdict)
            }
        }
    }

    @Test func theChallengeIsAnsweredOnlyForTheToken() async throws {
        try await IntakeRig.withoutEngine { _, intake async throws in
            #expect(intake.challenge(mode: "subscribe", token: "verify", challenge: "1158201444") == "1158201444")
            #expect(intake.challenge(mode: "subscribe", token: "verifx", challenge: "1") == nil)
            #expect(intake.challenge(mode: "unsubscribe", token: "verify", challenge: "1") == nil)
            #expect(intake.challenge(mode: nil, token: nil, challenge: nil) == nil)
        }
    }

    @Test func theSameBytesAreWorkedOnOnce() async throws {
        try await IntakeRig.with { rig, intake async throws in
            try await rig.prepare()
            let body = Body.statuses(Body.status("wamid.1", "delivered"))
            for _ in 0..<3 { #expect(try await rig.post(body, to: intake) == .stored) }
            try await rig.settled(intake)
            #expect(try await rig.applied() == ["100 wamid.1 delivered"])
            #expect(intake.tally.stored == 1 && intake.tally.repeated == 2)
        }
    }

    /// Bodies that come at the same moment are stored together.
    @Test func theSameBytesAtTheSameMomentAreStoredOnce() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await withThrowingTaskGroup(of: IntakeVerdict.self) { tasks in
                for n in 0..<40 {
                    tasks.addTask { try await rig.post(Body.statuses(Body.status("wamid.\(n % 2 == 0 ? 0 : n)", "sent")), to: intake) }
                }
                for try await verdict in tasks { #expect(verdict == .stored) }
            }
            #expect(intake.tally.stored == 21 && intake.tally.repeated == 19)
            #expect(try await intake.counts().pending == 21)
            #expect(try await rig.client.query("SELECT sum(count) FROM webhooks.repeat").decodeFirst(Int.self) == 19)
        }
    }

    @Test func aPostThatItsOwnerCannotBearLeavesTheOthersOfItsMomentAlone() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await rig.prepare()
            rig.poison.withLock { $0 = ["wamid.3"] }
            for n in 1...5 { try await rig.post(Body.statuses(Body.status("wamid.\(n)", "sent")), to: intake) }
            let kind = WebhookKind(client: rig.client, owners: rig.owners, words: StopWords(), logger: IntakeRig.logger)
            // Together they fail.
            let (work, client) = (PostWork(owners: rig.owners, words: StopWords()), rig.client)
            await #expect(throws: (any Error).self) { try await client.withTransaction { try await work.run([1, 2, 3, 4, 5], on: $0) } }
            #expect(try await rig.applied().isEmpty)
            try await rig.run(kind, posts: [1, 2, 3, 4, 5, 99])
            #expect(try await rig.applied() == [1, 2, 4, 5].map { "100 wamid.\($0) sent" })
            #expect(try await intake.problems().map(\.id) == [3])
            #expect(try await intake.counts().pending == 0)
        }
    }

    /// By an attempt that has outlived its lease, and by the one that took its place.
    @Test func aPostThatIsNamedTwiceIsWorkedOnOnce() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await rig.prepare()
            for n in 1...2 { try await rig.post(Body.statuses(Body.status("wamid.\(n)", "sent")), to: intake) }
            let (work, client) = (PostWork(owners: rig.owners, words: StopWords()), rig.client)
            let done = try await client.withTransaction { db in try await work.run([1, 2, 1], on: db) }
            #expect(done == [1: 0, 2: 0])
            #expect(try await rig.applied() == ["100 wamid.1 sent", "100 wamid.2 sent"])
        }
    }

    /// Each has a status of somebody from whom the other one has a message.
    @Test func crossingPostsDoNotWaitForEachOther() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await rig.prepare()
            func both(_ n: Int, of person: String, from other: String) -> String {
                let status = Body.status("wamid.\(n)", "sent", more: #","recipient_user_id":"US.\#(person)""#)
                    .replacing("16505551234", with: "1650555\(person)")
                let message =
                    #"{"from":"1650555\#(other)","id":"wamid.in.\#(n)","timestamp":"18000000\#(n)","type":"text","text":{"body":"hola"}}"#
                return Body.messages(#""statuses":[\#(status)],"messages":[\#(message)]"#)
            }
            for n in 10..<50 {
                try await rig.post(n % 2 == 0 ? both(n, of: "0001", from: "0002") : both(n, of: "0002", from: "0001"), to: intake)
            }
            let (work, client) = (PostWork(owners: rig.owners, words: StopWords()), rig.client)
            _ = try await client.withTransaction { db in try await work.run([1, 2], on: db) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for half in 0..<2 {
                    group.addTask {
                        for id in stride(from: Int64(3 + half), through: 40, by: 2) {
                            let done = try await client.withTransaction { db in try await work.run([id], on: db) }
                            #expect(done == [id: 0])
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Whoever works on a POST holds it: what is new at the door does not wait for it together with a repeat.
    @Test func aRepeatOfWhatIsWorkedOnHoldsNothingUp() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await rig.prepare()
            let first = Body.statuses(Body.status("wamid.1", "sent"))
            try await rig.post(first, to: intake)
            try await rig.client.withTransaction { db in
                try await db.query("SELECT FROM webhooks.post FOR UPDATE")
                for body in [first, Body.statuses(Body.status("wamid.2", "sent"))] { try await rig.post(body, to: intake) }
            }
            #expect(intake.tally.stored == 2 && intake.tally.repeated == 1)
        }
    }

    /// Large ones wait for the next transaction, and a larger one than fits goes alone.
    @Test func aTransactionTakesWhatFits() async throws {
        try await IntakeRig.withoutEngine { rig, intake async throws in
            try await rig.prepare()
            for (n, size) in [PostWork.largest / 2, PostWork.largest / 3, PostWork.largest / 2, 2 * PostWork.largest].enumerated() {
                let padding = String(repeating: "x", count: size)
                try await rig.post(Body.statuses(Body.status("wamid.\(n)", "sent", more: ",\"more\":\"\(padding)\"")), to: intake)
            }
            let work = PostWork(owners: rig.owners, words: StopWords())
            var left: [Int64] = [99, 1, 2, 3, 4]
            for expected in [[99, 1, 2], [3], [4]] as [[Int64]] {
                let (asked, client) = (left, rig.client)
                let done = try await client.withTransaction { db in try await work.run(asked, on: db) }
                #expect(done.keys.sorted() == expected.sorted())
                left.removeAll { done[$0] != nil }
            }
            #expect(try await rig.applied().count == 4)
        }
    }

    @Test func aRepeatedJobFindsThePostDone() async throws {
        try await IntakeRig.with { rig, intake async throws in
            try await rig.prepare()
            try await rig.post(Body.statuses(Body.status("wamid.1", "delivered")), to: intake)
            try await rig.settled(intake)
            let lane = try await WebhookKind.lane(8, on: rig.client)
            _ = try await JobQueueProbe.again(post: 1, lane: lane, on: rig.client)
            try await eventually("the second job has ended") { try await JobQueueProbe.isIdle(rig.client) }
            #expect(try await rig.applied().count == 1)
        }
    }

    @Test func anOutageOfTheDatabaseIsTriedAgain() async throws {
        try await IntakeRig.with { rig, intake async throws in
            try await rig.prepare()
            rig.outages.withLock { $0 = 2 }
            try await rig.post(Body.statuses(Body.status("wamid.1", "sent"), Body.status("wamid.2", "sent")), to: intake)
            try await rig.settled(intake)
            #expect(try await rig.applied() == ["100 wamid.1 sent", "100 wamid.2 sent"])
            #expect(try await intake.problems().isEmpty)
        }
    }

    @Test func whatIsNoWebhookIsKeptForAPerson() async throws {
        try await IntakeRig.with { rig, intake async throws in
            for text in ["not json at all", "[]", "{}", "\u{0}\u{1}", ""] { #expect(try await rig.post(text, to: intake) == .stored) }
            try await rig.settled(intake)
            let problems = try await intake.problems()
            #expect(problems.count == 5)
            #expect(problems.allSatisfy { $0.problem == "not_a_webhook" && !$0.detail.isEmpty })
            // Once they can be read, a replay hands them to the relays too.
            #expect(try await rig.client.query("SELECT FROM webhooks.post WHERE relayed AND problem = 'not_a_webhook'").isEmpty)
            #expect(try await intake.counts().problems == 5)
            let last = try #require(problems.last)
            #expect(try await intake.body(of: last.id) == Data("not json at all".utf8))
            #expect(try await intake.dismiss(last.id, by: "ana"))
            #expect(try await intake.dismiss(last.id, by: "ana") == false)
            #expect(try await intake.problems().count == 4)
            #expect(try await intake.problems(before: problems[1].id, limit: 1).map(\.id) == [problems[2].id])
        }
    }

    @Test func oldPostsGoAndProblemsStay() async throws {
        try await IntakeRig.with { rig, intake async throws in
            try await rig.prepare()
            try await rig.post(Body.statuses(Body.status("wamid.1", "sent")), to: intake)
            try await rig.post("not json", to: intake)
            try await rig.post(Body.change("security", #"{"event":"PIN_CHANGED"}"#), to: intake)
            try await rig.settled(intake)
            #expect(try await intake.retention.sweep() == 0)
            try await rig.client.query("UPDATE webhooks.post SET received_at = received_at - interval '31 days'")
            try await rig.client.query("UPDATE webhooks.notice SET received_at = received_at - interval '31 days'")
            #expect(try await intake.retention.sweep() == 3)
            #expect(try await intake.problems().count == 1)
            #expect(try await intake.notices().isEmpty)
        }
    }
}
