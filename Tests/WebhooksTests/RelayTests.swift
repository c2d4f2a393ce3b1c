import CloudAPI
import Credentials
import Foundation
import Gateway
import Jobs
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

/// Webhooks go on to clients' systems.
@Suite(.enabled(if: TestDatabase.isAvailable)) struct RelayTests {
    @Test func everyUpdateGoesByItselfSignedAndWithItsPerson() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/all")
            let people =
                #""contacts":[{"profile":{"name":"Ana"},"wa_id":"16505551111"},{"profile":{"name":"Bo"},"wa_id":"16505552222","user_id":"US.2"}]"#
            let inbound = ["1111", "2222"].map {
                #"{"from":"1650555\#($0)","id":"wamid.in.\#($0)","timestamp":"1800000000","type":"text","text":{"body":"hola\u0000"},"new_field":{"x":[1]}}"#
            }.joined(separator: ",")
            try await rig.post(RelayRig.messages(#"\#(people),"messages":[\#(inbound)],"statuses":[\#(Body.status("wamid.x", "sent"))]"#))
            let posts = try await rig.wait("/all", 3)
            for post in posts {
                #expect(Signature.verify(post.signature, body: post.body, secret: RelayRig.secret))
                #expect(post.json["object"]?.text == "whatsapp_business_account" && post.json["entry"]?.elements?.count == 1)
                #expect(post.json["entry"]?[0]?["changes"]?.elements?.count == 1 && post.change["field"]?.text == "messages")
                #expect(post.value["metadata"]?["phone_number_id"]?.text == "100" && post.value["messaging_product"]?.text == "whatsapp")
                #expect((post.value["messages"]?.elements?.count ?? 0) + (post.value["statuses"]?.elements?.count ?? 0) == 1)
                #expect(post.value["contacts"]?.elements?.count == 1)
            }
            let bo = try #require(posts.first { $0.value["messages"]?[0]?["id"]?.text == "wamid.in.2222" })
            #expect(bo.value["contacts"]?[0]?["user_id"]?.text == "US.2" && bo.value["messages"]?[0]?["new_field"]?["x"]?[0]?.integer == 1)
            // Meta leaves it out of statuses.
            let status = try #require(posts.first { $0.status != nil })
            #expect(status.value["contacts"]?[0]?["wa_id"]?.text == "16505551234")
            let template = Body.change(
                "message_template_status_update", #"{"event":"APPROVED","message_template_id":7}"#, waba: "500", time: 1_800_000_000)
            try await rig.post(template)
            let last = try #require(try await rig.wait("/all", 4).last)
            #expect(last.json["entry"]?[0]?["time"]?.integer == 1_800_000_000 && last.value["event"]?.text == "APPROVED")
            #expect(last.value["contacts"] == nil)
        }
    }

    @Test func whatTheCallerGaveComesBack() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/all")
            var ids: [UUID] = []
            for data in ["order:17", nil] {
                var body: JSONObject = ["messaging_product": "whatsapp", "to": "+16505551234", "type": "text", "text": ["body": "hola"]]
                if let data { body["biz_opaque_callback_data"] = .string(data) }
                ids.append(try await rig.gateway.submit(Submission(sender: "100", body: .object(body))).id)
            }
            let names = ids.map { #","biz_opaque_callback_data":"relevo:\#($0.uuidString.lowercased())""# }
            let foreign = #","biz_opaque_callback_data":"somebody:else""#
            try await rig.post(
                RelayRig.messages(
                    #""statuses":[\#(Body.status("wamid.1", "sent", more: names[0])),\#(Body.status("wamid.2", "sent", more: names[1])),\#(Body.status("wamid.3", "sent", more: foreign))]"#
                ))
            let posts = try await rig.wait("/all", 3)
            let byID = Dictionary(
                posts.compactMap { post in post.status.flatMap { $0["id"]?.text }.map { ($0, post) } }, uniquingKeysWith: { $1 })
            #expect(byID["wamid.1"]?.status?["biz_opaque_callback_data"]?.text == "order:17")
            #expect(byID["wamid.1"]?.status?["relevo_message_id"]?.text == ids[0].uuidString.lowercased())
            #expect(byID["wamid.2"]?.status?["biz_opaque_callback_data"] == nil)
            #expect(byID["wamid.3"]?.status?["biz_opaque_callback_data"]?.text == "somebody:else")
            #expect(byID["wamid.3"]?.status?["relevo_message_id"] == nil)
            // Later statuses name only the wamid.
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.1", "delivered"))]"#))
            #expect(try await rig.wait("/all", 4).last?.status?["biz_opaque_callback_data"]?.text == "order:17")
            // One that gives our name to a message of another number learns nothing.
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.9", "sent", more: names[0]))]"#, number: "200"))
            let strange = try #require(try await rig.wait("/all", 5).last?.status)
            #expect(strange["relevo_message_id"] == nil && strange["biz_opaque_callback_data"]?.text != "order:17")
        }
    }

    /// Meta tells nothing of what it has not had: Relevo does, under the id that the caller was answered with.
    @Test func whatEndsBeforeMetaIsToldAsMetaWould() async throws {
        try await RelayRig.with { rig in
            let people: [(to: JSONObject, waID: String?, userID: String?)] = [
                (["to": "+16505551234"], "16505551234", nil), (["recipient": "US.13491208655302741918"], nil, "US.13491208655302741918"),
            ]
            var ids: [UUID] = []
            for person in people {
                var body: JSONObject = ["messaging_product": "whatsapp", "type": "text", "text": ["body": "hola"]]
                for member in person.to.members { body[member.name] = member.value }
                body["biz_opaque_callback_data"] = "order:17"
                var submission = Submission(sender: "100", body: .object(body))
                submission.isAnsweredEarly = true
                ids.append(try await rig.gateway.submit(submission).id)
            }
            // Nobody is there to be told of this one.
            try await rig.gateway.cancel(ids[0])
            #expect(try await rig.intake.ends.round() == false)
            _ = try await rig.add(.waba, "500", "/all")
            #expect(try await rig.intake.ends.round() == false)
            var submission = Submission(
                sender: "100", body: ["messaging_product": "whatsapp", "to": "+16505551234", "type": "text", "text": ["body": "hola"]])
            (submission.isAnsweredEarly, submission.clientData) = (true, "order:17")
            ids[0] = try await rig.gateway.submit(submission).id
            for id in ids { try await rig.gateway.cancel(id) }
            #expect(try await rig.intake.ends.round() == false)
            #expect(try await rig.intake.ends.round() == false)
            let posts = try await rig.wait("/all", 2)
            for (id, person) in zip(ids, people) {
                let name = id.uuidString.lowercased()
                let post = try #require(posts.first { $0.status?["relevo_message_id"]?.text == name })
                #expect(Signature.verify(post.signature, body: post.body, secret: RelayRig.secret))
                #expect(post.change["field"]?.text == "messages" && post.json["entry"]?[0]?["id"]?.text == "500")
                #expect(post.value["metadata"]?["phone_number_id"]?.text == "100")
                #expect(post.value["contacts"]?[0]?["wa_id"]?.text == person.waID)
                #expect(post.value["contacts"]?[0]?["user_id"]?.text == person.userID)
                // As a client library reads it.
                let envelope = try WebhookEnvelope(body: post.body)
                let status = try #require(StatusUpdate(post.status ?? .null))
                #expect(envelope.entries.count == 1 && status.status == .failed && status.errors.first?.code == 131000)
                #expect(post.status?["id"]?.text == "relevo.\(name)" && post.status?["biz_opaque_callback_data"]?.text == "order:17")
                #expect(post.status?["recipient_id"]?.text == person.waID && post.status?["recipient_user_id"]?.text == person.userID)
            }
        }
    }

    @Test func aNumbersRelayGoesBeforeThatOfItsAccount() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/account")
            _ = try await rig.add(.waba, "501", "/others")
            let own = try await rig.add(.number, "200", "/number")
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.1", "sent"))]"#))
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.2", "sent"))]"#, number: "200"))
            #expect(try await rig.wait("/account", 1).first?.status?["id"]?.text == "wamid.1")
            #expect(try await rig.wait("/number", 1).first?.status?["id"]?.text == "wamid.2")
            try await rig.relays.remove(own.id)
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.3", "sent"))]"#, number: "200"))
            #expect(try await rig.wait("/account", 2).last?.status?["id"]?.text == "wamid.3")
            #expect(rig.system.posts("/others").isEmpty)
        }
    }

    @Test func aSystemThatIsDownGetsAllOfItLaterAndOnce() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            rig.system.answer.withLock { $0 = 503 }
            for n in 0..<5 { try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.\(n)", "sent"))]"#)) }
            try await eventually("it was asked and said no") {
                try await rig.relays.list().first?.failure == "HTTP 503" && rig.system.refused.withLock { $0 > 0 }
            }
            try await eventually("all of it waits") { try await rig.relays.list().map(\.waiting) == [5] }
            rig.system.answer.withLock { $0 = 200 }
            let posts = try await rig.wait("/all", 5)
            #expect(Set(posts.compactMap { $0.status?["id"]?.text }).count == 5)
            try await eventually("counted") { try await rig.relays.list().first?.delivered == 5 }
            // Worked on again, or come again: clients' systems are not told again.
            #expect(
                try await rig.intake.replay(from: Date(timeIntervalSinceNow: -3600), to: Date(timeIntervalSinceNow: 60), by: "test") == 5)
            try await eventually("replayed") { try await rig.intake.counts().pending == 0 }
            // While it is paused everything waits, and what waits when it is removed goes nowhere.
            try await rig.relays.setPaused(relay.id, true, by: "test")
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.p", "sent"))]"#))
            #expect(try await rig.relays.list().map(\.waiting) == [1])
            #expect(try await rig.relays.list().map(\.isPaused) == [true])
            try await rig.relays.remove(relay.id)
            try await eventually("dropped") {
                try await rig.client.query("SELECT FROM jobs.ready r JOIN jobs.job j ON j.id = r.job_id WHERE j.kind = 'relay'").isEmpty
            }
            #expect(rig.system.posts("/all").count == 5)
        }
    }

    /// Numbers of two clients in one account.
    @Test func aClientIsToldOfItsOwnNumbersAlone() async throws {
        try await RelayRig.with { rig in
            _ = try await rig.add(.waba, "500", "/acme")
            try await rig.gateway.senders.set("200", SenderChange(clientID: "other"))
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.theirs", "sent"))]"#, number: "200"))
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.own", "sent"))]"#))
            #expect(try await rig.wait("/acme", 1).first?.status?["id"]?.text == "wamid.own")
        }
    }

    @Test func oneThatTakesNothingRestsAndOneThatTakesOthersDoesNot() {
        #expect((1...4).allSatisfy { RelayKind.rest($0) == nil })
        #expect((5...13).map { RelayKind.rest($0) } == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
    }

    @Test func oneThatIsFullIsGivenNoMore() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            try await rig.client.query("UPDATE webhooks.relay SET is_full = true WHERE id = \(relay.id)")
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.1", "sent"))]"#))
            #expect(try await rig.relays.list().map(\.dropped) == [1])
            try await rig.relays.measure()
            try await rig.post(RelayRig.messages(#""statuses":[\#(Body.status("wamid.2", "sent"))]"#))
            #expect(try await rig.wait("/all", 1).first?.status?["id"]?.text == "wamid.2")
        }
    }

    @Test func secretsAreSealedAndAddressesChecked() async throws {
        try await RelayRig.with { rig in
            let relay = try await rig.add(.waba, "500", "/all")
            let stored = try #require(try await rig.client.query("SELECT secret FROM webhooks.relay").decodeFirst(Data.self))
            #expect(stored.range(of: Data(RelayRig.secret.reveal().utf8)) == nil)
            #expect(throws: CredentialError.self) { try rig.relays.vault.open(stored, for: Relays.place(relay.id + 1)) }
            for url in [
                "http://crm.example/x", "ftp://crm.example", "https://", "https://a:b@crm.example/", "https://crm.example/#x",
                "crm.example", "https://crm.example/a b",
            ] {
                await #expect(throws: RelayError.self, "\(url)") {
                    try await rig.relays.add(scope: .waba, id: "1", url: url, secret: RelayRig.secret, by: "test")
                }
            }
            await #expect(throws: RelayError.self) { try await rig.add(.waba, "500", "/all") }
            await #expect(throws: RelayError.self) { try await rig.add(.waba, "five", "/all") }
            await #expect(throws: RelayError.self) { try await rig.relays.remove(relay.id + 1) }
            await #expect(throws: RelayError.self) {
                try await rig.relays.add(scope: .waba, id: "1", url: "https://crm.example", secret: Secret("short"), by: "test")
            }
            #expect(try await rig.relays.list(clientID: "other").isEmpty)
        }
    }

    @Test func waitsGrowAndLastAWeek() {
        let waits = (1...1000).map { RelayKind.wait($0) }
        #expect(waits.prefix(12).map { $0 / .seconds(1) } == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900])
        #expect(waits.reduce(.zero, +) > .seconds(7 * 86_400))
    }
}
