import Foundation
import Jobs
import Postgres
import TestSupport
import Testing

@testable import Gateway

/// What was sent before a quota was known, and while it is made.
@Suite struct CountBeforeTests: PortfolioSuite {
    /// A message is let go by somebody who does not see the quota yet: whoever makes it waits until that is committed, and counts it.
    @Test func whatIsLetGoWhileAQuotaIsMadeCounts() async throws {
        try await with(perDay: nil) { rig in
            let client = rig.client
            try await KindPauses.pause("send", by: "test", reason: "test", on: client)
            let message = try await send(rig, 1)
            let making = try await client.withTransaction { db in
                try await db.query(Quotas.gate)
                try await db.query("UPDATE gateway.message SET state = 'sending', attempts = 1, sent_at = jobs.now() WHERE id = \(message)")
                let making = Task {
                    try await rig.gateway.setQuota(QuotaTests.portfolio, perDay: .some(2), shadow: nil, source: nil, by: "test")
                }
                try await waitsForTheGate(rig)
                return making
            }
            #expect(try await making.value.used == 1)
        }
    }

    /// And nobody is let go until the quota can be seen.
    @Test func nobodyIsLetGoWhileANumberIsTakenIn() async throws {
        try await with(perDay: nil) { rig in
            let message = try await rig.client.withTransaction { db in
                try await Quotas.closeGate(on: db)
                try await db.query(
                    "INSERT INTO gateway.quota (key, per_day, source, used) VALUES (\(QuotaTests.portfolio), 1, 'test', 0)")
                try await db.query(
                    "SELECT gateway.take_quotas(\([QuotaTests.portfolio]), \(["+16505559999"]), \([UUID()]), \([Int32(1)]), \([false]))")
                let message = try await send(rig, 1)
                try await waitsForTheGate(rig)
                return message
            }
            try await rig.reach(message, .held)
        }
    }

    private func waitsForTheGate(_ rig: Rig) async throws {
        try await eventually("somebody waits for the gate") {
            try await rig.client.query(
                """
                SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (
                    SELECT oid FROM pg_database WHERE datname = current_database()))
                """
            ).decodeFirst(Bool.self) == true
        }
    }

    /// However it comes to be in its portfolio: by a person, or as another number of its account.
    @Test func aNumberThatAPersonGivesAPortfolioBringsWhatItSent() async throws {
        try await with(perDay: 10) { rig in
            try await rig.gateway.senders.set(Rig.sender, SenderChange(portfolioID: .some(nil)))
            for index in 1...2 { try await rig.reach(send(rig, index), .accepted) }
            #expect(try await used(rig) == 0)
            for _ in 0..<2 {
                try await rig.gateway.senders.set(Rig.sender, SenderChange(portfolioID: "900"))
                #expect(try await used(rig) == 2)
            }
        }
    }

    @Test func ofATemplateCountsWhatMetaTookAlthoughItFailed() async throws {
        try await with(perDay: nil) { rig in
            let key = "template:\(Rig.waba):offer:en_US"
            let (failed, taken) = (try await send(rig, 1), try await send(rig, 2))
            for message in [failed, taken] { try await rig.reach(message, .accepted) }
            try await rig.statuses([Rig.status("failed", try #require(rig.record(failed).wamid), callback: failed, code: 131026)])
            #expect(try await rig.gateway.setQuota(key, perDay: .some(5), shadow: nil, source: nil, by: "test").used == 2)
        }
    }

    /// A limit that becomes known counts what was sent before; and so does a number whose portfolio becomes known.
    @Test func whatWasSentBeforeCounts() async throws {
        try await with(perDay: nil) { rig in
            let first = try await send(rig, 1)
            try await rig.reach(first, .accepted)
            try await rig.reach(send(rig, 2, from: QuotaTests.second), .accepted)
            try await rig.reach(rig.submit(Rig.text(to: QuotaTests.number(3))).id, .accepted)
            let quota = try await rig.gateway.setQuota(QuotaTests.portfolio, perDay: .some(2), shadow: nil, source: nil, by: "test")
            #expect(quota.used == 2)
            try await rig.reach(send(rig, 4), .held)
            // What fails now frees its place as any other.
            try await rig.statuses([Rig.status("failed", try #require(rig.record(first).wamid), callback: first, code: 131026)])
            #expect(try await used(rig) == 1)
        }
    }
}
