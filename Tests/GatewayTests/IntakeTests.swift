import CloudAPI
import Foundation
import Gateway
import Postgres
import Recipients
import TestSupport
import Testing

@Suite struct IntakeTests {
    @Test func sameKeyAndBodyGiveTheSameMessageOtherBodyIsRefused() async throws {
        try await Rig.with(sends: false) { rig in
            let first = try await rig.submit { $0.idempotencyKey = "k" }
            let again = try await rig.submit { $0.idempotencyKey = "k" }
            #expect(again.id == first.id && again.isDuplicate && !first.isDuplicate)
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text("other")) { $0.idempotencyKey = "k" } }
            #expect(refusal?.httpStatus == 409 && refusal?.code == 100)
            let other = try await rig.submit { ($0.idempotencyKey, $0.idempotencyScope) = ("k", "somebody else") }
            #expect(other.id != first.id)
            // Within one batch as well.
            let submission = { (text: String) in
                var submission = Submission(sender: Rig.sender, body: Rig.text(text))
                submission.idempotencyKey = "b"
                return submission
            }
            let batch = try await rig.gateway.submit(batch: [submission("x"), submission("x"), submission("y")])
            let (one, two) = (try batch[0].get(), try batch[1].get())
            #expect(one.id == two.id && two.isDuplicate)
            let conflict = #expect(throws: GatewayRefusal.self) { try batch[2].get() }
            #expect(conflict?.httpStatus == 409)
            #expect(try await rig.client.query("SELECT count(*) FROM gateway.message").decodeFirst(Int.self) == 3)
        }
    }

    @Test func twoAtOnceWithOneKeyStoreOneMessage() async throws {
        try await Rig.with(sends: false) { rig in
            let ids = try await withThrowingTaskGroup(of: UUID.self) { group in
                for _ in 0..<8 { group.addTask { try await rig.submit { $0.idempotencyKey = "k" }.id } }
                return try await group.reduce(into: Set<UUID>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await rig.client.query("SELECT count(*) FROM jobs.ready").decodeFirst(Int.self) == 1)
        }
    }

    @Test func ambiguousNumberIsRefusedWithItsReadings() async throws {
        try await Rig.with(sends: false) { rig in
            try await rig.gateway.senders.add(NewSenderRecord(phoneNumberID: "77", e164: "+919876543210", wabaID: Rig.waba))
            var submission = Submission(sender: "77", body: Rig.text(to: "(631) 555-1234"))
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.gateway.submit(submission) }
            #expect(refusal?.code == 131009 && refusal?.details.contains("(631) 555-1234") == true)
            submission.region = "US"
            #expect(try await rig.gateway.submit(submission).e164 == "+16315551234")
            submission.region = nil
            submission.body = Rig.text(to: "1 (631) 555-1234")
            let receipt = try await rig.gateway.submit(submission)
            #expect(receipt.e164 == "+16315551234")
            #expect(try await rig.gateway.message(receipt.id)?.rule == "only_reading")
        }
    }

    @Test func whomTheSenderKnowsIsReadAsMetaNamedThem() async throws {
        try await Rig.with(sends: false) { rig in
            try await rig.gateway.senders.add(NewSenderRecord(phoneNumberID: "34", e164: "+34600000001", wabaID: Rig.waba))
            // Two readings: +6 12…, and the Spanish number.
            let submission = Submission(sender: "34", body: Rig.text(to: "612345678"))
            await #expect(throws: GatewayRefusal.self) { try await rig.gateway.submit(submission) }
            try await RecipientDirectory.learn(
                [.init(phoneNumberID: "34", number: "+612345678", waID: "612345678", at: Date())], on: rig.client)
            #expect(try await rig.gateway.submit(submission).e164 == "+612345678")
        }
    }

    /// Forms in which Meta names accounts, with a plus as without one; of others nothing is known, and they stay refused.
    @Test func whomTheSenderKnowsIsReadWithAPlusToo() async throws {
        try await Rig.with(sends: false) { rig in
            await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text(to: "+5215512340001")) }
            let accounts = [
                ("+525512340001", "5215512340001"), ("+541123456789", "5491123456789"), ("+5531987654321", "553187654321"),
            ]
            for (number, waID) in accounts {
                try await RecipientDirectory.learn(
                    [.init(phoneNumberID: Rig.sender, number: number, waID: waID, at: Date())], on: rig.client)
                for form in [waID, "+\(waID)"] {
                    let receipt = try await rig.submit(Rig.text(to: form))
                    #expect(receipt.e164 == "+\(waID)" && receipt.waID == waID, "\(form)")
                }
            }
            let spaced = try await rig.submit(Rig.text(to: "+52 1 55 1234 0001"))
            #expect(spaced.e164 == "+5215512340001")
            for number in ["+5215512340002", "+52155123400011", "+5215512340001a", "++5215512340001"] {
                await #expect(throws: GatewayRefusal.self, "\(number)") { try await rig.submit(Rig.text(to: number)) }
            }
        }
    }

    static let bad: [(String, Int, String)] = [
        (#"[]"#, 100, "the body is a list"),
        (#"{"to":"+16315551234","type":"text","text":{"body":"x"}}"#, 100, "messaging_product is missing"),
        (#"{"messaging_product":"whatsapp","type":"text","text":{"body":"x"}}"#, 131008, "to is missing"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234"}"#, 131008, "type is missing"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"text"}"#, 131008, "text is missing"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"text","text":{"body":null}}"#, 131008, "text.body is missing"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"text","text":{"body":7}}"#, 100, "text.body is a number"),
        (
            #"{"messaging_product":"whatsapp","to":"+16315551234","recipient_type":"group","type":"text","text":{"body":"x"}}"#, 131009,
            "recipient_type"
        ),
        (#"{"messaging_product":"whatsapp","to":"abc","type":"text","text":{"body":"x"}}"#, 131009, "to is \"abc\""),
        (#"{"messaging_product":"whatsapp","to":{},"type":"text","text":{"body":"x"}}"#, 131009, "to is an object"),
        (#"{"messaging_product":"whatsapp","recipient":"16315551234","type":"text","text":{"body":"x"}}"#, 131009, "recipient is"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"image","image":{}}"#, 131008, "neither id nor link"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"image","image":{"link":"ftp://x"}}"#, 131009, "image.link"),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"template","template":{"name":"a"}}"#, 131008, "template.language"),
        (
            #"{"messaging_product":"whatsapp","to":"+16315551234","type":"location","location":{"latitude":"1"}}"#, 131008,
            "location.longitude"
        ),
        (
            #"{"messaging_product":"whatsapp","to":"+16315551234","type":"location","location":{"latitude":"1","longitude":999}}"#, 131009,
            "longitude"
        ),
        (#"{"messaging_product":"whatsapp","to":"+16315551234","type":"contacts","contacts":[]}"#, 100, "contacts"),
        (
            #"{"messaging_product":"whatsapp","to":"+16315551234","type":"interactive","interactive":{"type":"list"}}"#, 131008,
            "interactive.action"
        ),
        (
            #"{"messaging_product":"whatsapp","to":"+16315551234","type":"reaction","reaction":{"emoji":"x"}}"#, 131008,
            "reaction.message_id"
        ),
    ]

    @Test func whatMetaWouldRefuseIsRefusedWithTheField() async throws {
        try await Rig.with(sends: false) { rig in
            for (body, code, words) in Self.bad {
                let json = try JSONValue(parsing: body.utf8)
                let refusal = await #expect(throws: GatewayRefusal.self, "\(body)") { try await rig.submit(json) }
                #expect(refusal?.code == code && refusal?.details.contains(words) == true, "\(body): \(refusal.map { "\($0)" } ?? "")")
            }
            for length in [4096, 4097] {
                let isFine = (try? await rig.submit(Rig.text(String(repeating: "é", count: length)))) != nil
                #expect(isFine == (length == 4096))
            }
            #expect(try await rig.client.query("SELECT count(*) FROM gateway.message").decodeFirst(Int.self) == 1)
        }
    }

    @Test(arguments: [
        ("+34803123456", "a premium-rate number"), ("+34901123456", "a shared-cost number"),
        ("+80012345678", "an international freephone number"),
    ])
    func numbersAtWhichNobodyReadsAreRefusedUnlessTheyAreAllowed(to: String, kind: String) async throws {
        try await Rig.with(sends: false) { rig in
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text(to: to)) }
            #expect(refusal?.code == 131009 && refusal?.details.contains(kind) == true, "\(refusal?.details ?? "")")
        }
        var settings = GatewaySettings()
        settings.allowsPremiumNumbers = true
        try await Rig.with(settings: settings, sends: false) { rig in _ = try await rig.submit(Rig.text(to: to)) }
    }

    @Test func whatMayHaveBeenMeantIsSaidAndNotSent() async throws {
        try await Rig.with(sends: false) { rig in
            for (to, words) in [("+16315551234 ext. 5", "extension 5"), ("+1-800-FLOWERS", "letters"), ("'+16315551234", "spreadsheet")] {
                let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(Rig.text(to: to)) }
                #expect(refusal?.details.contains(words) == true && refusal?.candidates.count == 1, "\(refusal.map { "\($0)" } ?? "")")
            }
            let stored = try await rig.client.query("SELECT count(*) FROM gateway.message").decodeFirst(Int.self)
            #expect(stored == 0)
        }
    }

    @Test func tolerantFormsPassUnchanged() async throws {
        try await Rig.with { rig in
            let body = try JSONValue(
                parsing: (#"{"messaging_product":"whatsapp","to":16315551234,"context":null,"type":"template","#
                    + #""template":{"name":"t","language":{"code":"en_US"},"#
                    + #""components":[{"type":"BODY","parameters":[]},{"type":"Button","index":1}]"#
                    + #"},"new_field":{"a":[1.50]}}"#)
                    .utf8)
            let receipt = try await rig.submit(body)
            try await rig.reach(receipt.id, .accepted)
            let sent = try #require(rig.meta.seen.first?.body)
            #expect(sent["to"] == "+16315551234" && sent["new_field"] == body["new_field"] && sent["template"] == body["template"])
            let person = try await rig.submit(
                ["messaging_product": "whatsapp", "recipient": "US.13491208655302741918", "type": "text", "text": ["body": "x"]])
            #expect(person.userID == "US.13491208655302741918" && person.e164 == nil)
            try await rig.reach(person.id, .accepted)
            #expect(rig.meta.seen.last?.body["recipient"] == "US.13491208655302741918" && rig.meta.seen.last?.body["to"] == nil)
        }
    }

    @Test func whoStoppedMarketingGetsNoTemplateThatMayBeMarketing() async throws {
        try await Rig.with(sends: false) { rig in
            try await OptOuts.record(
                [.init(phoneNumberID: Rig.sender, waID: "16315551234", scope: .marketing, active: true, source: "test", at: Date())],
                on: rig.client)
            let template: JSONValue = [
                "messaging_product": "whatsapp", "to": "+16315551234", "type": "template",
                "template": ["name": "promo", "language": ["code": "en_US"]],
            ]
            let refusal = await #expect(throws: GatewayRefusal.self) { try await rig.submit(template) }
            #expect(refusal?.code == 131050)
            #expect(try await rig.submit().state == .queued)
        }
    }

    @Test func tagsAreCountedAndPagesContinue() async throws {
        try await Rig.with(sends: false) { rig in
            for index in 0..<5 { _ = try await rig.submit(Rig.text("\(index)")) { $0.tag = index < 3 ? "rebuild:1:1" : "rebuild:1:2" } }
            #expect(try await rig.gateway.counts(tag: "rebuild:1:1").queued == 3)
            #expect(try await rig.gateway.counts(tagPrefix: "rebuild:1:").submitted == 5)
            #expect(try await rig.gateway.counts(tagPrefix: "rebuild_1").submitted == 0)
            var filter = MessageFilter(senders: [Rig.sender])
            filter.limit = 2
            var seen: [UUID] = []
            repeat {
                let page = try await rig.gateway.messages(filter)
                seen += page.messages.map(\.id)
                filter.cursor = page.next
            } while filter.cursor != nil
            #expect(Set(seen).count == 5 && seen.count == 5)
            #expect(try await rig.gateway.messages(MessageFilter(senders: [])).messages.isEmpty)
        }
    }
}
