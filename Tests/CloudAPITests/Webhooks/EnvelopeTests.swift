import Foundation
import Testing

@testable import CloudAPI

@Suite struct EnvelopeTests {
    private func read(_ text: String) throws -> WebhookEnvelope { try WebhookEnvelope(body: text.utf8) }

    @Test func manyWABAsInOnePOST() throws {
        let envelope = try read(
            #"""
            {"object":"whatsapp_business_account","new":1,"entry":[
             {"id":"1","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"a"}}},
                                  {"field":"account_update","value":{"event":"PARTNER_ADDED"}}]},
             {"id":"2","time":1739321024,"changes":[{"field":"brand_new_field","value":{"x":[1.50]}}]},
             {"id":3,"time":"1739321024","changes":{"field":"messages","value":{"metadata":{"phone_number_id":"b"}}}},
             {"changes":"odd"},{"id":"5"},7]}
            """#)
        #expect(envelope.object == "whatsapp_business_account" && envelope.dropped == 0)
        #expect(envelope.entries.map(\.id) == ["1", "2", "3", "", "5", ""])
        #expect(envelope.changes.map(\.wabaID) == ["1", "1", "2", "3", ""])
        // One change as an object, not a list.
        #expect(envelope.entries[2].changes.map(\.messages?.phoneNumberID) == ["b"])
        #expect(envelope.entries[0].time == nil && envelope.entries[1].time == Date(timeIntervalSince1970: 1_739_321_024))
        #expect(envelope.entries[2].time == envelope.entries[1].time)
        let unknown = envelope.entries[1].changes[0]
        #expect(unknown.field == "brand_new_field" && unknown.messages == nil && unknown.templateStatus == nil)
        #expect(String(decoding: unknown.value.encoded(), as: UTF8.self) == #"{"x":[1.50]}"#)
    }

    @Test(arguments: [
        "", "[]", "null", #""x""#, "{}", #"{"entry":{}}"#, #"{"entry":null}"#, #"{"object":"whatsapp_business_account"}"#, "{",
    ])
    func onlyABodyWithoutEntriesIsRefused(body: String) {
        #expect(throws: JSONError.self) { try read(body) }
    }

    @Test func anEmptyListOfEntriesIsAnEnvelope() throws {
        #expect(try read(#"{"entry":[]}"#).changes.isEmpty)
    }

    @Test(arguments: [
        (#""1750030073""#, 1_750_030_073.0), ("1750030073", 1_750_030_073), ("1750030073.5", 1_750_030_073.5),
        ("1750030073123", 1_750_030_073.123), (#""1750030073123""#, 1_750_030_073.123),
    ])
    func aTimeComesAsStringOrNumber(written: String, seconds: Double) throws {
        let value = try JSONValue(parsing: written.utf8)
        let time = try #require(WebhookEnvelope.time(value))
        #expect(abs(time.timeIntervalSince1970 - seconds) < 0.001)
    }

    @Test(arguments: ["0", "-5", #""""#, #""soon""#, "1e300", "1e400", #""nan""#, "true", "{}", "null", "999999999999999999999"])
    func whatIsNoTimeIsLeftOut(written: String) throws {
        #expect(WebhookEnvelope.time(try JSONValue(parsing: written.utf8)) == nil)
    }

    @Test func updatesBeyondTheBoundAreCountedAndNotDecoded() throws {
        let change = #"{"field":"account_update","value":{}}"#
        let many =
            #"{"entry":[{"id":"1","changes":["# + String(repeating: change + ",", count: WebhookEnvelope.maximumUpdates + 4) + change
            + "]}]}"
        let envelope = try read(many)
        #expect(envelope.changes.count == WebhookEnvelope.maximumUpdates && envelope.dropped == 5)
    }

    @Test func theStatusesOfAChangeCountAgainstTheBound() throws {
        let statuses = String(repeating: "{},", count: WebhookEnvelope.maximumUpdates - 1) + "{}"
        let full = #"{"field":"messages","value":{"statuses":[\#(statuses)]}}"#
        let envelope = try read(#"{"entry":[{"id":"1","changes":[\#(full)]},{"id":"2","changes":[\#(full)]}]}"#)
        #expect(envelope.changes.map(\.wabaID) == ["1"] && envelope.dropped == 1 && envelope.entries.count == 2)
    }

    @Test func aCountIsAtLeastTheUpdatesInside() throws {
        let value: JSONValue = ["statuses": [[:], [:]], "messages": [[:]], "errors": [[:]]]
        #expect(WebhookChange(field: .messages, value: value).count == 4)
        #expect(WebhookChange(field: .templateStatus, value: value).count == 1)
    }
}
