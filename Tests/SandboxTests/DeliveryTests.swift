import Foundation
import Testing

@testable import Sandbox

@Suite struct DeliveryTests {
    @Test func statusesComeSignedInOrderAndInBusinessTime() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with(webhook: url) { (rig) async throws in
                _ = try await rig.text(["biz_opaque_callback_data": "relevo:a"])
                #expect(await receiver.updates.isEmpty)
                try await rig.advance(3_600)
                let statuses = Receiver.statuses(await receiver.wait(for: 3))
                #expect(statuses.compactMap { $0["status"]?.string } == ["sent", "delivered", "read"])
                #expect(statuses.allSatisfy { $0["biz_opaque_callback_data"] == "relevo:a" && $0["recipient_id"] == "573001234567" })
                let times = statuses.compactMap { $0["timestamp"]?.integer }
                #expect(times == times.sorted())
                #expect(times.allSatisfy { (1_800_000_000..<1_800_000_070).contains($0) })
                #expect(await receiver.badSignatures == 0)
            }
        }
    }

    @Test func aJumpOfTheClockCarriesOutEverythingInOrderOfTime() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            var scenario = Rig.simple
            scenario.people = (0..<5).map {
                PersonSeed(phone: "+57300000000\($0)", deliveredAfter: Double(50 - $0 * 10), readAfter: 7, reads: true, windowOpen: true)
            }
            try await Rig.with(scenario, webhook: url) { (rig) async throws in
                for index in 0..<5 { _ = try await rig.text(to: "+57300000000\(index)") }
                try await rig.advance(86_400)
                let statuses = Receiver.statuses(await receiver.wait(for: 15))
                let times = statuses.compactMap { $0["timestamp"]?.integer }
                #expect(times == times.sorted())
                #expect(
                    statuses.filter { $0["status"] == "delivered" }.compactMap { $0["recipient_id"]?.string?.last } == [
                        "4", "3", "2", "1", "0",
                    ])
            }
        }
    }

    @Test func nothingIsLostWhileTheReceiverRefuses() async throws {
        let receiver = Receiver(refusals: 3)
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with(webhook: url) { (rig) async throws in
                for _ in 0..<10 { _ = try await rig.text() }
                try await rig.advance(3_600)
                let updates = await receiver.wait(for: 30)
                #expect(Receiver.statuses(updates).count == 30)
                #expect(await receiver.refused == 3)
            }
        }
    }

    @Test func nothingIsLostWhileTheReceiverIsAway() async throws {
        let (first, second) = (Receiver(), Receiver())
        let (urls, url) = AsyncStream<String>.makeStream()
        try await Receiver.with(first) { (there) async throws in url.yield(there) }
        let address = try #require(await urls.first { _ in true })
        try await Rig.with(webhook: address) { (rig) async throws in
            for _ in 0..<5 { _ = try await rig.text() }
            try await rig.advance(3_600)
            let port = try #require(address.split(separator: ":").last?.split(separator: "/").first.flatMap { Int($0) })
            try await Receiver.with(second, port: port) { _ async throws in
                #expect(Receiver.statuses(await second.wait(for: 15)).count == 15)
            }
            #expect((try await rig.control("/state")["webhooks"]?["dropped"]?.integer) == 0)
        }
        #expect(await first.updates.isEmpty)
    }

    @Test func anIdentityThatChangedFailsTheMessageAndNamesNoNewHash() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with(webhook: url) { (rig) async throws in
                _ = try await rig.post("/555001/settings", ["user_identity_change": ["enable_identity_key_check": true]])
                _ = try await rig.text()
                try await rig.advance(600)
                let first = Receiver.statuses(await receiver.wait(for: 3))
                let hash = try #require(first[0]["recipient_identity_key_hash"]?.string)
                _ = try await rig.text(["recipient_identity_key_hash": .string(hash)])
                try await rig.advance(600)
                let second = Receiver.statuses(await receiver.wait(for: 6)).suffix(3)
                #expect(second.allSatisfy { $0["status"] != "failed" && $0["recipient_identity_key_hash"] == nil })
                let changed = try await rig.control("/identity/573001234567/change", [:])
                #expect(changed["previous_hash"]?.string == hash)
                #expect(try await rig.text(["recipient_identity_key_hash": .string(hash)]).status == 200)
                try await rig.advance(600)
                let failed = try #require(Receiver.statuses(await receiver.wait(for: 7)).last)
                #expect(failed["status"] == "failed")
                #expect(failed["errors"]?.elements?.first?["code"] == 137000)
                _ = try await rig.control("/inbound", ["phone_number_id": "555001", "from": "+573001234567", "text": "It is me"])
                let inbound = await receiver.wait(for: 8).last
                #expect(inbound?["value"]?["contacts"]?.elements?.first?["identity_key_hash"] == changed["identity_key_hash"])
            }
        }
    }

    @Test func whoHidesTheirNumberIsNamedByTheirUserIDAlone() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with(webhook: url) { (rig) async throws in
                let person = try await rig.control("/people", ["phone": "+573001234567", "hides_phone": true])
                let userID = try #require(person["user_id"]?.string)
                _ = try await rig.control("/inbound", ["phone_number_id": "555001", "from": "+573001234567"])
                let value = try #require(await receiver.wait(for: 1).last?["value"])
                let message = try #require(value["messages"]?.elements?.first)
                let contact = try #require(value["contacts"]?.elements?.first)
                #expect(message["from"] == nil && message["from_user_id"]?.string == userID)
                #expect(contact["wa_id"] == nil && contact["user_id"]?.string == userID)
            }
        }
    }

    @Test func freeFormMessagesNeedAnOpenWindow() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            try await Rig.with(webhook: url) { (rig) async throws in
                _ = try await rig.text(to: "+573007654321")
                try await rig.advance(5)
                #expect(Receiver.statuses(await receiver.wait(for: 1))[0]["errors"]?.elements?.first?["code"] == 131047)
                _ = try await rig.control("/inbound", ["phone_number_id": "555001", "from": "573007654321"])
                _ = try await rig.text(to: "+573007654321")
                try await rig.advance(5)
                #expect(Receiver.statuses(await receiver.wait(for: 3)).dropFirst().first?["status"] == "sent")
            }
        }
    }

    @Test func aTemplateTurnsGreenWhenEnoughAreDelivered() async throws {
        let receiver = Receiver()
        try await Receiver.with(receiver) { (url) async throws in
            var scenario = Rig.simple
            scenario.rules.greenAfter = 3
            scenario.rules.readShare = 0
            scenario.people = []
            try await Rig.with(scenario, webhook: url) { (rig) async throws in
                for index in 0..<3 { _ = try await rig.template("hello", to: "+57300000000\(index)", parameters: ["Ana"]) }
                try await rig.advance(60)
                let updates = await receiver.wait(for: 7)
                let change = try #require(updates.first { $0["field"] == "message_template_quality_update" })
                #expect(change["value"]?["new_quality_score"] == "GREEN")
                #expect(change["value"]?["message_template_id"] == 2001)
                #expect(change["value"]?["message_template_language"] == "en-US")
            }
        }
    }

    @Test func aRedTemplateIsPausedForThreeHours() async throws {
        var scenario = Rig.simple
        scenario.templates[1].qualitySteps = [QualityStep(after: 1, quality: "RED")]
        try await Rig.with(scenario) { (rig) async throws in
            _ = try await rig.template("plain")
            try await rig.advance(60)
            #expect(try await rig.template("plain").code == 132015)
            try await rig.advance(3 * 3_600)
            #expect(try await rig.template("plain").status == 200)
        }
    }

    @Test func anOverrideHasToAnswerTheChallenge() async throws {
        try await Receiver.with(Receiver()) { (url) async throws in
            try await Rig.with { (rig) async throws in
                #expect(
                    try await rig.post("/102/subscribed_apps", ["override_callback_uri": .string(url), "verify_token": "wrong"]).code
                        == 2200)
                #expect(
                    try await rig.post("/102/subscribed_apps", ["override_callback_uri": .string(url), "verify_token": "right"]).status
                        == 200)
                let listed = try await rig.get("/102/subscribed_apps").json
                #expect(listed["data"]?.elements?.first?["override_callback_uri"]?.string == url)
                _ = try await rig.post("/102/subscribed_apps")
                #expect(try await rig.get("/102/subscribed_apps").json["data"]?.elements?.first?["override_callback_uri"] == nil)
            }
        }
    }
}
