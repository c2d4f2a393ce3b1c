import Foundation
import Testing

@testable import CloudAPI

@Suite struct ManagementUpdatesTests {
    private func change(_ field: WebhookField, _ text: String) throws -> WebhookChange {
        WebhookChange(field: field, value: try JSONValue(parsing: text.utf8))
    }

    @Test func aTemplateStatusIsBroughtToTheFormOfTheAPI() throws {
        let update = try #require(
            try change(
                .templateStatus,
                #"""
                {"event":"REJECTED","message_template_id":1234567890123456,"message_template_name":"hello","message_template_language":"en-US",
                 "reason":"INVALID_FORMAT","message_template_category":"MARKETING","other_info":{"title":"FIRST_PAUSE"},
                 "rejection_info":{"reason":"why","recommendation":"do this"},"brand_new":1}
                """#
            ).templateStatus)
        #expect(update.event == "REJECTED" && update.templateID == "1234567890123456" && update.language == "en_US")
        #expect(update.reason == "INVALID_FORMAT" && update.detail == "FIRST_PAUSE" && update.recommendation == "do this")
        #expect(update.category == "MARKETING" && update.name == "hello" && update.raw["brand_new"] == 1)
    }

    @Test(arguments: [#""NONE""#, "null"]) func noReasonIsNil(reason: String) throws {
        let update = try #require(try change(.templateStatus, #"{"event":"APPROVED","reason":\#(reason)}"#).templateStatus)
        #expect(update.reason == nil && update.language == "")
    }

    @Test func qualityAndCategory() throws {
        let names = #""message_template_id":"7","message_template_name":"n","message_template_language":"pt-BR""#
        let quality = try change(.templateQuality, #"{"previous_quality_score":"GREEN","new_quality_score":"RED",\#(names)}"#)
            .templateQuality
        #expect(quality?.previous == "GREEN" && quality?.new == "RED" && quality?.language == "pt_BR" && quality?.templateID == "7")
        #expect(try change(.templateQuality, "{\(names)}").templateQuality == nil)
        let moved = try change(.templateCategory, #"{"previous_category":"UTILITY","new_category":"MARKETING",\#(names)}"#).templateCategory
        #expect(moved?.previous == "UTILITY" && moved?.new == "MARKETING")
        let planned = try change(.templateCategory, #"{"correct_category":"MARKETING",\#(names)}"#).templateCategory
        #expect(planned?.previous == nil && planned?.new == "MARKETING")
        #expect(try change(.templateCategory, "{}").templateCategory == nil)
    }

    @Test(
        arguments: [
            (#"{"event":"THROUGHPUT_UPGRADE","display_phone_number":"+1 555","current_limit":"TIER_10K"}"#, "TIER_10K"),
            (#"{"event":"ONBOARDING","max_daily_conversations_per_business":2000}"#, "2000"), (#"{"event":"FLAGGED"}"#, nil),
        ] as [(String, String?)])
    func aNumbersQuality(text: String, limit: String?) throws {
        let update = try #require(try change(.phoneNumberQuality, text).phoneNumberQuality)
        #expect(update.currentLimit == limit)
    }

    @Test func aChangeIsReadOnlyAsItsOwnKind() throws {
        let value = #"{"event":"APPROVED","new_quality_score":"RED","message_template_id":1}"#
        let status = try change(.templateStatus, value)
        #expect(status.templateStatus != nil && status.templateQuality == nil && status.templateCategory == nil && status.messages == nil)
        #expect(try change("unknown", value).templateStatus == nil && change(.templateStatus, "[]").templateStatus == nil)
    }

    @Test func anOpenWordPassesThroughCodable() throws {
        let words: [WebhookField] = [.messages, "brand_new"]
        let data = try JSONEncoder().encode(words)
        #expect(String(decoding: data, as: UTF8.self) == #"["messages","brand_new"]"#)
        #expect(try JSONDecoder().decode([WebhookField].self, from: data) == words)
        #expect("\(DeliveryStatus.read)" == "read")
    }
}
