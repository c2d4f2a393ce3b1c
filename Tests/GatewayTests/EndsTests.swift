import CloudAPI
import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

@testable import Gateway

/// Messages that end without Meta, after their callers were answered that they are queued.
@Suite struct EndsTests {
    private func ends(_ rig: Rig, atMost limit: Int = 100) async throws -> [MessageEnd] {
        try await rig.client.withTransaction { try await rig.gateway.takeEnds(atMost: limit, on: $0).ends }
    }

    @Test func eachEndIsGivenOnceInTheWordsOfAnAnswer() async throws {
        try await Rig.with(reply: { _ in .error(400, code: 131026) }) { rig in
            let refused = try await rig.submit {
                $0.isAnsweredEarly = true
                $0.clientData = "order:17"
            }.id
            try await rig.reach(refused, .failed)
            let end = try #require(try await ends(rig).first)
            #expect(end.message == refused && end.sender == Rig.sender && end.wabaID == Rig.waba && end.number == "+16505550100")
            #expect(end.waID == "16315551234" && end.clientData == "order:17")
            #expect(end.error["code"]?.integer == 131026 && end.error["title"]?.text?.hasPrefix("(") == false)
            #expect(end.error["error_data"]?["details"]?.text?.isEmpty == false)
            #expect(try await ends(rig).isEmpty)
            // Who waits is answered, and told no more.
            let waited = try await rig.submit().id
            try await rig.reach(waited, .failed)
            #expect(try await ends(rig).isEmpty)
            // Who has waited in vain is told, also of what had ended by then; and once.
            for _ in 0..<2 { await rig.gateway.answeredEarly(waited) }
            #expect(try await ends(rig).map(\.message) == [waited])
        }
    }

    @Test func whatNeverWentIsToldOf() async throws {
        try await Rig.with(sends: false) { rig in
            var ids: [UUID] = []
            for _ in 0..<3 {
                ids.append(
                    try await rig.submit {
                        $0.isAnsweredEarly = true
                        $0.expiresAt = Date(timeIntervalSinceNow: 60)
                    }.id)
            }
            try await rig.gateway.cancel(ids[0])
            let cancelled = try #require(try await ends(rig).first)
            #expect(cancelled.message == ids[0] && cancelled.error["code"]?.integer == 131000)
            try await BusinessClock.set(business: Date(timeIntervalSinceNow: 120), speed: 1, on: rig.client)
            #expect(try await rig.gateway.housekeeper.round().expired == 2)
            let (first, isMore) = try await rig.client.withTransaction { try await rig.gateway.takeEnds(atMost: 1, on: $0) }
            let (second, _) = try await rig.client.withTransaction { try await rig.gateway.takeEnds(atMost: 1, on: $0) }
            #expect(isMore && Set((first + second).map(\.message)) == Set(ids[1...]))
            #expect((first + second).allSatisfy { $0.error["error_data"]?["details"]?.text == Expiry.reason })
        }
    }

    /// They may have waited the first time, and have got no answer.
    @Test func whoHandsItInAgainWithoutWaitingIsToldLater() async throws {
        try await Rig.with(sends: false) { rig in
            let first = try await rig.submit { $0.idempotencyKey = "order-1" }
            let again = try await rig.submit {
                $0.idempotencyKey = "order-1"
                $0.isAnsweredEarly = true
            }
            #expect(again.id == first.id && again.isDuplicate)
            try await rig.gateway.cancel(first.id)
            #expect(try await ends(rig).map(\.message) == [first.id])
        }
    }

    @Test func whileTheDatabaseIsAwayItIsKeptInMind() async throws {
        try await Rig.with(sends: false) { rig in
            let id = try await rig.submit().id
            try await rig.client.query("ALTER TABLE gateway.message RENAME TO away")
            await rig.gateway.answeredEarly(id)
            try await rig.client.query("ALTER TABLE gateway.away RENAME TO message")
            try await eventually("stored") {
                try await rig.client.query("SELECT answered_early FROM gateway.message").decodeFirst(Bool.self) == true
            }
        }
    }

    /// What Meta took has its webhooks, and what goes again has not ended.
    @Test func whatMetaTellsOfIsNotToldOfTwice() async throws {
        try await Rig.with { rig in
            let sent = try await rig.submit { $0.isAnsweredEarly = true }.id
            try await rig.reach(sent, .accepted)
            try await rig.statuses([Rig.status("failed", try #require(rig.record(sent).wamid), callback: sent, code: 131026)])
            try await rig.reach(sent, .failed)
            #expect(try await ends(rig).isEmpty)
            try await KindPauses.pause("send", by: "test", reason: "test", on: rig.client)
            let again = try await rig.submit { $0.isAnsweredEarly = true }.id
            try await rig.gateway.cancel(again)
            try await rig.client.query("UPDATE gateway.message SET state = 'queued' WHERE id = \(again)")
            #expect(try await ends(rig).isEmpty)
        }
    }

    /// Who has decided it is nobody else's business.
    @Test func aPersonsNameIsNotTold() async throws {
        try await Rig.with(sends: false) { rig in
            let id = try await rig.submit { $0.isAnsweredEarly = true }.id
            try await rig.client.query("UPDATE gateway.message SET state = 'unknown', unknown_at = jobs.now() WHERE id = \(id)")
            #expect(try await rig.gateway.settleByPerson(id, sent: false, by: "ana", note: "no"))
            let end = try #require(try await ends(rig).first)
            #expect(end.error["code"]?.integer == 131000 && !end.error.encoded().contains(Data("ana".utf8)))
        }
    }
}
