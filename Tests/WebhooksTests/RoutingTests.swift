import CloudAPI
import Foundation
import Postgres
import Recipients
import Synchronization
import TestSupport
import Testing

@testable import Webhooks

@Suite(.enabled(if: TestDatabase.isAvailable)) struct RoutingTests {
    private func state(_ number: String, _ address: String, on db: PostgresClient) async throws -> RecipientState? {
        let key = RecipientKey(phoneNumberID: number, address: address)
        return try await RecipientDirectory.lookup([key], on: db)[key]
    }

    @Test func onePostOfManyUpdatesReachesEveryOwner() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            try await rig.post(
                """
                {"object":"whatsapp_business_account","entry":[
                {"id":"W1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"100"},
                  "statuses":[\(Body.status("wamid.1", "sent")),\(Body.status("wamid.1", "delivered"))]}},
                 {"field":"messages","value":{"metadata":{"phone_number_id":"100"},"contacts":[{"wa_id":"34600000001","identity_key_hash":"H1="}],
                  "messages":[{"from":"34600000001","id":"wamid.in","timestamp":"1800000000","type":"text","text":{"body":"hola"}}]}}]},
                {"id":"W2","time":1800000000,"changes":[
                 {"field":"message_template_status_update","value":{"event":"APPROVED","message_template_id":7,"message_template_name":"offer",
                  "message_template_language":"es-ES","reason":"NONE"}},
                 {"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"W9"}}},
                 {"field":"field_of_next_year","value":{"a":1}}]}]}
                """, to: intake)
            try await rig.settled(intake)
            #expect(try await intake.problems().isEmpty)
            let seen = rig.seen.withLock { $0 }
            #expect(seen.statuses == ["wamid.1 sent", "wamid.1 delivered"])
            #expect(seen.inbound == ["100 wamid.in"])
            #expect(seen.templates == ["offer:es_ES status APPROVED"])
            #expect(seen.accounts == ["W9"])
            #expect(try await state("100", "+34600000001", on: rig.client)?.hash == "H1=")
            let notices = try await intake.notices()
            #expect(notices.map(\.field) == ["field_of_next_year", "account_update"])
            #expect(notices[1].event == "PARTNER_ADDED")
            #expect(try await intake.notices(field: "field_of_next_year").first?.value == #"{"a":1}"#)
        }
    }

    @Test func aPoisonUpdateIsPutAsideAndTheOthersAreApplied() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            _ = rig.poison.withLock { $0.insert("wamid.2") }
            try await rig.post(
                Body.statuses(
                    Body.status("wamid.1", "sent"), Body.status("wamid.2", "sent"), #"{"status":"sent"}"#, Body.status("wamid.3", "sent")),
                to: intake)
            try await rig.settled(intake)
            // What the poisoned update had done before it failed is gone with it.
            #expect(try await rig.applied() == ["100 wamid.1 sent", "100 wamid.3 sent"])
            let problem = try #require(try await intake.problems().first)
            #expect(problem.problem == "updates")
            #expect(problem.updates.map(\.place).sorted() == ["0.0.statuses.1", "0.0.statuses.2"])
            #expect(problem.updates.first { $0.place == "0.0.statuses.1" }?.error.contains("cannot bear") == true)
            // Once the owner bears it, a person has it tried again.
            rig.poison.withLock { $0 = [] }
            #expect(try await intake.retry(problem.id, by: "ana"))
            try await rig.settled(intake)
            #expect(try await rig.applied().contains("100 wamid.2 sent"))
            #expect(try await intake.problems().first?.updates.map(\.place) == ["0.0.statuses.2"])
        }
    }

    @Test func zeroCharactersBreakNothing() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            try await rig.post(
                Body.messages(
                    #""contacts":[{"wa_id":"34600000001","profile":{"name":"a\u0000b"}}],"messages":[{"from":"34600000001","id":"wamid.1","type":"text","timestamp":"1800000000","text":{"body":"\u0000"}}]"#
                ), to: intake)
            try await rig.post(Body.change("some\\u0000field", #"{"event":"x\u0000y"}"#, waba: "W\\u00001"), to: intake)
            try await rig.post(Body.messages(#""statuses":[{"id":"wamid.\u0000","status":"sent"},{"status":"\u0000"}]"#), to: intake)
            try await rig.settled(intake)
            #expect(rig.seen.withLock { $0.inbound } == ["100 wamid.1"])
            #expect(try await intake.notices().first?.event == "x\u{FFFD}y")
            // The owner of statuses cannot store its id: put aside, not lost, and the POST is not repeated for ever.
            #expect(try await intake.problems().first?.updates.count == 2)
        }
    }

    @Test func hashesOfStatusesAndContactsGoToTheLedgerWhateverTheOrder() async throws {
        for isReversed in [false, true] {
            try await IntakeRig.with { rig, intake in
                try await rig.prepare()
                let old = Body.messages(
                    #""contacts":[{"wa_id":"16505551234","identity_key_hash":"OLD="}],"messages":[{"from":"16505551234","id":"wamid.in","timestamp":"1799999000","type":"text","text":{"body":"x"}}]"#
                )
                let new = Body.statuses(Body.status("wamid.1", "delivered", more: #","recipient_identity_key_hash":"NEW=""#))
                for body in isReversed ? [new, old] : [old, new] {
                    try await rig.post(body, to: intake)
                    try await rig.settled(intake)
                }
                #expect(try await state("100", "+16505551234", on: rig.client)?.hash == "NEW=")
            }
        }
    }

    @Test func anotherHashMarksTheRecipientOnlyWhereTheSenderEnforces() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            for number in ["100", "200"] {
                for (hash, time) in [("A=", 1_800_000_000), ("B=", 1_800_000_100)] {
                    try await rig.post(
                        Body.messages(
                            #""contacts":[{"wa_id":"16505551234","identity_key_hash":"\#(hash)"}],"messages":[{"from":"16505551234","id":"wamid.\#(number)\#(time)","timestamp":"\#(time)","type":"text","text":{"body":"x"}}]"#,
                            number: number), to: intake)
                    try await rig.settled(intake)
                }
            }
            #expect(try await state("100", "+16505551234", on: rig.client)?.trust == .trusted)
            #expect(try await state("200", "+16505551234", on: rig.client)?.trust == .changed)
        }
    }

    @Test func aChangedNumberIsHeldAndIsNobodysMessage() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            let contact = #""contacts":[{"wa_id":"16505551234","identity_key_hash":"A="}],"#
            try await rig.post(
                Body.messages(
                    contact
                        + #""messages":[{"from":"16505551234","id":"wamid.1","timestamp":"1800000000","type":"text","text":{"body":"x"}}]"#),
                to: intake)
            try await rig.settled(intake)
            try await rig.post(
                Body.messages(
                    #""messages":[{"from":"16505551234","id":"wamid.2","timestamp":"1800000100","type":"system","system":{"body":"changed","wa_id":"12195555358","type":"user_changed_number"}}]"#
                ), to: intake)
            try await rig.settled(intake)
            let left = try await state("100", "+16505551234", on: rig.client)
            #expect(left?.trust == .changed && left?.cause == .numberChanged)
            #expect(rig.seen.withLock { $0.inbound } == ["100 wamid.1"])
        }
    }

    @Test func preferencesBecomeOptOutsAndTheNewestCounts() async throws {
        try await IntakeRig.with { rig, intake in
            func preference(_ word: String, _ time: Int) -> String {
                Body.change(
                    "user_preferences",
                    #"{"metadata":{"phone_number_id":"100"},"user_preferences":[{"wa_id":"16505551234","category":"marketing_messages","value":"\#(word)","timestamp":\#(time)}]}"#
                )
            }
            for (word, time) in [("stop", 1_800_000_100), ("resume", 1_800_000_000)] {
                try await rig.post(preference(word, time), to: intake)
                try await rig.settled(intake)
            }
            #expect(try await state("100", "+16505551234", on: rig.client)?.optOut == .marketing)
            try await rig.post(preference("resume", 1_800_000_200), to: intake)
            try await rig.settled(intake)
            #expect(try await state("100", "+16505551234", on: rig.client)?.optOut == nil)
            try await rig.post(preference("perhaps", 1_800_000_300), to: intake)
            try await rig.settled(intake)
            #expect(try await intake.problems().count == 1)
        }
    }

    /// A word alone, however it is written; in a sentence, or in a picture's name, it says nothing.
    @Test func stopWordsEndMarketingAndStartWordsBeginItAgain() async throws {
        try await IntakeRig.with { rig, intake in
            try await rig.prepare()
            func write(_ text: String, _ time: Int, as type: String = #""type":"text","text":{"body":"%"}"#) async throws {
                let content = type.replacing("%", with: text)
                try await rig.post(
                    Body.messages(#""messages":[{"from":"16505551234","id":"wamid.\#(time)","timestamp":"\#(time)",\#(content)}]"#),
                    to: intake)
                try await rig.settled(intake)
            }
            func optOut() async throws -> OptOutScope? { try await state("100", "+16505551234", on: rig.client)?.optOut }
            try await write("please stop this", 1_800_000_000)
            try await write("stop", 1_800_000_001, as: #""type":"document","document":{"id":"1","caption":"%"}"#)
            #expect(try await optOut() == nil)
            try await write(" Stop! ", 1_800_000_010)
            #expect(try await optOut() == .marketing)
            try await write("Alta", 1_800_000_020, as: #""type":"button","button":{"text":"%","payload":"x"}"#)
            #expect(try await optOut() == nil)
            // What was written before and comes later changes nothing.
            try await write("stop", 1_800_000_015)
            #expect(try await optOut() == nil)
            try await write("nao quero.", 1_800_000_030)
            #expect(try await optOut() == .marketing)
            // The words open the window like any message.
            #expect(rig.seen.withLock { $0.inbound.count } == 6)
        }
    }
}
