import Foundation
import Postgres
import Testing

@testable import Templates

@Suite struct EventTests {
    static let listed = Date(timeIntervalSince1970: 1_796_083_200)

    private func with(_ body: (PostgresClient) async throws -> Void) async throws {
        try await DatabaseRig.withDatabase { client in
            let template = Template(
                key: TemplateKey(name: "welcome", language: "en_US"), id: "1473688840035974", status: "APPROVED", category: "UTILITY",
                components: "[]")
            try await client.withTransaction {
                try await TemplateStore.replace(waba: "22", with: [template], startedAt: Self.listed, on: $0)
            }
            try await body(client)
        }
    }

    private func apply(_ client: PostgresClient, _ field: String, _ value: String, after seconds: Double) async throws -> TemplateEvents
        .Applied?
    {
        try await TemplateEvents.apply(
            field: field, waba: "22", value: Data(value.utf8), occurredAt: Self.listed.addingTimeInterval(seconds), on: client)
    }

    private func changed(_ client: PostgresClient, _ field: String, _ value: String, after seconds: Double) async throws -> Bool? {
        try await apply(client, field, value, after: seconds)?.changed
    }

    private func state(_ client: PostgresClient) async throws -> String? { try await status(client)?.status }

    private func status(_ client: PostgresClient) async throws -> (status: String, category: String, quality: String)? {
        try await TemplateStore.status(waba: "22", name: "welcome", language: "en-US", on: client)
    }

    @Test(arguments: [
        #"{"event":"PAUSED","message_template_id":1473688840035974,"message_template_name":"welcome","message_template_language":"en-US","other_info":{"title":"FIRST_PAUSE"}}"#,
        #"{"event":"PAUSED","message_template_id":"1473688840035974"}"#,
        #"{"event":"paused","message_template_name":"welcome","message_template_language":"en-US"}"#,
    ])
    func aStatusFindsItsTemplateByIdOrByNameAndLanguage(value: String) async throws {
        try await with { client in
            let found1 = try await changed(client, "message_template_status_update", value, after: 60)
            #expect(found1 == true)
            let found2 = try await state(client)
            #expect(found2 == "PAUSED")
        }
    }

    @Test func duplicatesAndReorderedEventsEndInTheNewestState() async throws {
        let paused = #"{"event":"PAUSED","message_template_id":1473688840035974}"#
        let approved = #"{"event":"REINSTATED","message_template_id":1473688840035974}"#
        try await with { client in
            let steps: [(String, Double, Bool, String)] = [
                (paused, 60, true, "PAUSED"), (paused, 60, false, "PAUSED"), (approved, 120, true, "APPROVED"),
                (paused, 60, false, "APPROVED"),
                (approved, 180, false, "APPROVED"), (paused, 150, false, "APPROVED"), (paused, 240, true, "PAUSED"),
            ]
            for (value, seconds, changes, state) in steps {
                let changed = try await changed(client, "message_template_status_update", value, after: seconds)
                let after = try await self.state(client)
                #expect(changed == changes && after == state, "after \(seconds)")
            }
            let events = try await client.query("SELECT count(*) FROM templates.event").decodeFirst(Int64.self)
            #expect(events == 5)
        }
    }

    @Test func anEventOlderThanTheInventoryChangesNothingAndALaterInventoryKeepsANewerEvent() async throws {
        let rejected = #"{"event":"REJECTED","message_template_id":1473688840035974,"reason":"INCORRECT_CATEGORY"}"#
        try await with { client in
            let found9 = try await changed(client, "message_template_status_update", rejected, after: -60)
            #expect(found9 == false)
            let found10 = try await changed(client, "message_template_status_update", rejected, after: 60)
            #expect(found10 == true)
            let older = Template(
                key: TemplateKey(name: "welcome", language: "en_US"), id: "1473688840035974", status: "APPROVED", category: "UTILITY",
                components: "[]")
            try await client.withTransaction {
                try await TemplateStore.replace(waba: "22", with: [older], startedAt: Self.listed.addingTimeInterval(30), on: $0)
            }
            let stored = try #require(try await TemplateStore.template(waba: "22", older.key, on: client))
            #expect(stored.template.status == "REJECTED" && stored.template.rejectedReason == "INCORRECT_CATEGORY")
        }
    }

    @Test func qualityAndCategoryAreApplied() async throws {
        try await with { client in
            let quality = #"{"previous_quality_score":"UNKNOWN","new_quality_score":"YELLOW","message_template_id":1473688840035974}"#
            let category = #"{"message_template_id":1473688840035974,"previous_category":"UTILITY","new_category":"MARKETING"}"#
            _ = try await apply(client, "message_template_quality_update", quality, after: 60)
            _ = try await apply(client, "template_category_update", category, after: 60)
            let found = try #require(try await status(client))
            #expect(found.quality == "YELLOW" && found.category == "MARKETING" && found.status == "APPROVED")
        }
    }

    @Test(arguments: [
        ("messages", "{}"), ("message_template_status_update", "{}"), ("message_template_status_update", "not json"),
        ("message_template_status_update", #"{"event":"PAUSED"}"#), ("message_template_quality_update", #"{"message_template_id":1}"#),
    ])
    func whatIsNoTemplateEventIsLeftAlone(field: String, value: String) async throws {
        try await with { client in
            let found = try await changed(client, field, value, after: 60)
            #expect(found == nil)
        }
    }

    @Test func anEventWithU0000DoesNotBreakAnything() async throws {
        try await with { client in
            let value = #"{"event":"REJECTED","message_template_id":1473688840035974,"reason":"a\u0000b"}"#
            let found11 = try await changed(client, "message_template_status_update", value, after: 60)
            #expect(found11 == true)
        }
    }

    @Test func anEventForATemplateNobodyListedMarksTheInventoryAsStale() async throws {
        try await with { client in
            let value = #"{"event":"APPROVED","message_template_id":5,"message_template_name":"new","message_template_language":"en"}"#
            let found12 = try await changed(client, "message_template_status_update", value, after: 60)
            #expect(found12 == false)
            let found13 = try await client.query("SELECT stale FROM templates.inventory").decodeFirst(Bool.self)
            #expect(found13 == true)
        }
    }

    @Test func whatAnInventoryNoLongerHoldsIsGone() async throws {
        try await with { client in
            try await client.withTransaction {
                try await TemplateStore.replace(waba: "22", with: [], startedAt: Self.listed.addingTimeInterval(60), on: $0)
            }
            #expect(try await TemplateStore.list(waba: "22", on: client).isEmpty)
        }
    }
}
