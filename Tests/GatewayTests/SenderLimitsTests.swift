import CloudAPI
import Foundation
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// What Meta says that numbers and portfolios may.
@Suite struct SenderLimitsTests {
    private func tell(_ rig: Rig, level: String, tier: String? = "TIER_2K", app: Bool = false) {
        rig.meta.reads.withLock {
            let limit = tier.map { #","whatsapp_business_manager_messaging_limit":"\#($0)""# } ?? ""
            $0["/v25.0/\(Rig.sender)"] = .raw(
                200, #"{"id":"\#(Rig.sender)","throughput":{"level":"\#(level)"},"is_on_biz_app":\#(app)\#(limit)}"#)
            $0["/v25.0/\(Rig.waba)"] = .raw(200, #"{"id":"\#(Rig.waba)","owner_business_info":{"id":"900","name":"Acme"}}"#)
        }
    }

    private func sender(_ rig: Rig) async throws -> Sender { try #require(try await rig.gateway.senders.find(phoneNumberID: Rig.sender)) }

    private func changed(_ rig: Rig, _ id: String) async throws {
        try await rig.client.withTransaction { try await rig.gateway.limitsChanged(id, on: $0) }
    }

    @Test func throughputAndLimitAreReadAndReadAgain() async throws {
        try await Rig.with(sends: false) { rig in
            tell(rig, level: "STANDARD")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            var sender = try await sender(rig)
            #expect(sender.perSecond == 80 && sender.portfolioID == "900" && sender.askError == nil && sender.askedAt != nil)
            let quota = try #require(try await rig.gateway.limits().quotas.first)
            #expect(quota.key == "portfolio:900" && quota.perDay == 2000 && quota.tier == "TIER_2K" && quota.source == "Meta")
            #expect(try await rig.gateway.limitsReader.round() == 0)
            // A webhook says that something changed; what, Meta is asked.
            tell(rig, level: "HIGH", tier: "TIER_UNLIMITED")
            try await changed(rig, Rig.waba)
            #expect(try await rig.gateway.limitsReader.round() == 1)
            sender = try await self.sender(rig)
            #expect(sender.perSecond == 1000)
            let lane = try #require(try await Lanes.state(sender.laneKey, on: rig.client))
            #expect((lane.limits.perSecond ?? 0) > 900)
            #expect(try await rig.gateway.limits().quotas.first?.perDay == nil)
            // A limit that is changed counts for those it was asked for.
            try await rig.gateway.setLimit("number.high", LimitChange(value: 500), by: "test")
            #expect(try await self.sender(rig).perSecond == 500)
            tell(rig, level: "HIGH", app: true)
            try await changed(rig, "900")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await self.sender(rig).perSecond == 20)
        }
    }

    @Test func whatAPersonSetStays() async throws {
        try await Rig.with(sends: false) { rig in
            try await rig.gateway.senders.set(Rig.sender, SenderChange(perSecond: 30))
            try await rig.gateway.setQuota("portfolio:900", perDay: .some(100), shadow: nil, source: "contract", by: "ana")
            tell(rig, level: "HIGH")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await sender(rig).perSecond == 30)
            var quota = try #require(try await rig.gateway.limits().quotas.first)
            #expect(quota.perDay == 100 && quota.tier == "TIER_2K" && quota.source == "contract" && quota.setBy == "ana")
            try await rig.gateway.setQuota("portfolio:900", perDay: nil, shadow: nil, source: nil, followsMeta: true, by: "ana")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            quota = try #require(try await rig.gateway.limits().quotas.first)
            #expect(quota.perDay == 2000 && quota.setBy == nil)
        }
    }

    /// A refused step takes nothing from the others.
    @Test func eachStepCountsByItself() async throws {
        try await Rig.with(mode: .observe, sends: false, reply: { _ in .error(400, code: 10) }) { rig in
            tell(rig, level: "STANDARD", app: true)
            rig.meta.reads.withLock {
                $0["/v25.0/\(Rig.waba)"] = .raw(403, #"{"error":{"message":"(#200) no","type":"OAuthException","code":200}}"#)
            }
            #expect(try await rig.gateway.limitsReader.round() == 1)
            let sender = try await sender(rig)
            #expect(sender.perSecond == 20 && sender.throughputLevel == "COEXISTENCE" && !sender.perSecondIsSet)
            let error = try #require(sender.askError)
            #expect(error.contains("check of identities") && error.contains("its portfolio is not known"))
            // What a person has set is left to Meta again.
            try await rig.gateway.senders.set(Rig.sender, SenderChange(perSecond: 70))
            tell(rig, level: "HIGH")
            try await rig.gateway.senders.set(Rig.sender, SenderChange(perSecond: .some(nil)))
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await self.sender(rig).perSecond == 1000)
        }
    }

    @Test func whatMetaDoesNotSayIsToldAndTriedAgain() async throws {
        try await Rig.with(sends: false) { rig in
            // A field that this number does not have fails the whole read: it is read without.
            rig.meta.reads.withLock {
                $0["/v25.0/\(Rig.sender)"] = .raw(400, #"{"error":{"message":"(#10) no","type":"OAuthException","code":10}}"#)
            }
            #expect(try await rig.gateway.limitsReader.round() == 1)
            var sender = try await sender(rig)
            #expect(sender.askError?.contains("throughput is not known: Meta refused") == true && sender.perSecond == 80)
            #expect(sender.askError?.contains("no messaging limit is kept") == true)
            #expect(try await rig.gateway.limitsReader.round() == 0, "not before a quarter of an hour")
            tell(rig, level: "STANDARD", tier: "TIER_5K")
            try await changed(rig, Rig.waba)
            #expect(try await rig.gateway.limitsReader.round() == 1)
            sender = try await self.sender(rig)
            #expect(sender.askError?.contains("tier.TIER_5K") == true && sender.portfolioID == "900")
            #expect(try await rig.gateway.limits().quotas.isEmpty)
            try await rig.gateway.setLimit("tier.TIER_5K", LimitChange(value: 5000, source: "Meta"), by: "ana")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await rig.gateway.limits().quotas.first?.perDay == 5000)
            #expect(try await self.sender(rig).askError == nil)
        }
    }

    /// Without Meta's check there would be no hashes.
    @Test func theCheckOfIdentitiesIsSwitchedOnOnce() async throws {
        let refuses = Mutex(true)
        let settings = "/v25.0/\(Rig.sender)/settings"
        try await Rig.with(
            sends: false,
            reply: { _ in refuses.withLock { $0 } ? .error(400, code: 10) : .raw(200, #"{"success":true}"#) }
        ) { rig in
            tell(rig, level: "STANDARD")
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(rig.meta.seen.isEmpty)
            try await rig.gateway.senders.set(Rig.sender, SenderChange(identityMode: .observe))
            #expect(try await rig.gateway.limitsReader.round() == 1)
            #expect(try await sender(rig).askError?.contains("refused") == true)
            refuses.withLock { $0 = false }
            for mode in [IdentityMode.enforce, .observe, .off, .enforce] {
                try await rig.gateway.senders.set(Rig.sender, SenderChange(identityMode: mode))
                #expect(try await rig.gateway.limitsReader.round() == 1)
            }
            #expect(try await sender(rig).askError == nil)
            // Refused, switched on, and once more after it was off here.
            #expect(rig.meta.seen.map(\.path) == [settings, settings, settings])
            #expect(rig.meta.seen.last?.body["user_identity_change"]?["enable_identity_key_check"]?.bool == true)
        }
    }

    @Test func badLimitsAreRefused() async throws {
        try await Rig.with(sends: false) { rig in
            let gateway = rig.gateway
            for change in [
                LimitChange(value: 0), LimitChange(value: -1), LimitChange(value: .some(nil)), LimitChange(effective: "2026-02-30"),
            ] {
                await #expect(throws: LimitError.self) { try await gateway.setLimit("pair.seconds", change, by: "test") }
            }
            await #expect(throws: LimitError.self) { try await gateway.setLimit("pair.burst", LimitChange(shadow: true), by: "test") }
            await #expect(throws: LimitError.self) { try await gateway.setLimit("speed", LimitChange(value: 1), by: "test") }
            for key in ["portfolio:", "portfolio:x", "template:1:a", "number:1", "portfolio:1\n2"] {
                await #expect(throws: LimitError.self, "\(key)") {
                    try await gateway.setQuota(key, perDay: .some(1), shadow: nil, source: nil, by: "test")
                }
            }
            await #expect(throws: LimitError.self) {
                try await gateway.setQuota("portfolio:1", perDay: .some(0), shadow: nil, source: nil, by: "test")
            }
            await #expect(throws: LimitError.self) {
                try await gateway.setQuota("portfolio:1", perDay: nil, shadow: true, source: nil, by: "test")
            }
            await #expect(throws: LimitError.self) { try await gateway.dropQuota("portfolio:1") }
            await #expect(throws: LimitError.self) { try await gateway.setLimit("tier.TIER_2K", LimitChange(value: 0.5), by: "test") }
            #expect(try await !gateway.dropQuota("template:1:a:en"))
            let rule = try await gateway.setLimit(
                "pair.seconds", LimitChange(value: 7, shadow: true, source: "us", effective: "2026-12-01"), by: "ana")
            #expect(
                rule.value == 7 && rule.shadow == true && rule.source == "us" && rule.effective == "2026-12-01" && rule.changedBy == "ana")
        }
    }
}
