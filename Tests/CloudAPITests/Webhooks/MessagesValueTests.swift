import Foundation
import Testing

@testable import CloudAPI

@Suite struct MessagesValueTests {
    private func read(_ text: String) throws -> MessagesValue {
        try #require(MessagesValue(try JSONValue(parsing: text.utf8)))
    }

    @Test func aDeliveredStatusWithEverything() throws {
        let value = try read(
            #"""
            {"metadata":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},
             "contacts":[{"profile":{"name":"Pablo M.","username":"@pablo"},"wa_id":"16505551234","user_id":"US.1349"}],
             "statuses":[{"id":"wamid.1","status":"delivered","timestamp":"1750030073","recipient_id":"16505551234",
               "recipient_user_id":"US.1349","recipient_identity_key_hash":"DF2lS5v2W6x=","biz_opaque_callback_data":"job:42/attempt:1",
               "conversation":{"id":"c"},"pricing":{"billable":true},"brand_new":{"a":1}}]}
            """#)
        #expect(value.phoneNumberID == "106540352242922" && value.displayPhoneNumber == "15550783881" && value.messages.isEmpty)
        let status = value.statuses[0]
        #expect(status.id == "wamid.1" && status.status == .delivered && status.timestamp == Date(timeIntervalSince1970: 1_750_030_073))
        #expect(status.recipientID == "16505551234" && status.recipientUserID == "US.1349" && status.identityHash == "DF2lS5v2W6x=")
        #expect(status.callbackData == "job:42/attempt:1" && status.errors.isEmpty && status.pricing?["billable"]?.bool == true)
        #expect(status.raw["brand_new"]?["a"]?.integer == 1)
        #expect(value.contacts[0].username == "@pablo" && value.contacts[0].userID == "US.1349" && value.contacts[0].name == "Pablo M.")
    }

    @Test func aFailedStatusInBothOfItsForms() throws {
        let value = try read(
            #"""
            {"statuses":[{"id":"1","status":"failed","timestamp":1750030073,"errors":[{"code":131049,"title":"T","message":"T",
              "error_data":{"details":"D"},"href":"/docs"}]},
             {"id":"2","status":"failed","errors":[{"code":"137000","title":"Identity"}]},
             {"id":"3","status":"brand_new_status"},{"id":"4"},{"status":"sent"},7]}
            """#)
        #expect(value.phoneNumberID == "" && value.statuses.map(\.id) == ["1", "2", "3"])
        #expect(value.statuses[0].errors[0].code == 131049 && value.statuses[0].errors[0].details == "D")
        #expect(value.statuses[1].errors[0].code == 137000 && value.statuses[1].timestamp == nil && value.statuses[1].recipientID == nil)
        #expect(value.statuses[2].status == "brand_new_status" && value.statuses[2].status.rawValue == "brand_new_status")
    }

    @Test func inboundMessagesOfEveryKindKeepTheirText() throws {
        let value = try read(
            #"""
            {"contacts":[{"profile":{"name":"P"},"wa_id":"1","user_id":"US.1","identity_key_hash":"H="},{}],
             "messages":[
              {"from":"1","from_user_id":"US.1","id":"a","timestamp":"1686591695","type":"text","text":{"body":"hi"}},
              {"id":"b","type":"image","image":{"id":"9","caption":"look"}},
              {"id":"c","type":"button","button":{"text":"Stop","payload":"p"}},
              {"id":"d","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"x","title":"Yes"}}},
              {"id":"e","type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"x","title":"Row"}}},
              {"id":"f","type":"unsupported","errors":[{"code":131051,"title":"no"}]},
              {"id":"g","type":"brand_new","brand_new":{"k":1}},{"id":"h"},{"type":"text"}],
             "errors":[{"code":131060},{}]}
            """#)
        #expect(value.messages.map(\.id) == ["a", "b", "c", "d", "e", "f", "g", "h"])
        #expect(value.messages.map(\.text) == ["hi", "look", "Stop", "Yes", "Row", nil, nil, nil])
        #expect(value.messages[0].from == "1" && value.messages[0].fromUserID == "US.1" && value.messages[1].from == nil)
        #expect(value.messages[5].errors.map(\.code) == [131051] && value.messages[6].raw["brand_new"]?["k"] == 1)
        #expect(value.contacts[0].identityHash == "H=" && value.contacts.count == 2 && value.errors.map(\.code) == [131060])
    }

    @Test func noticesOfTheSystemInTheirFourForms() throws {
        let value = try read(
            #"""
            {"messages":[
              {"from":"16505551234","id":"a","type":"system","system":{"body":"changed","wa_id":"12195555358","type":"user_changed_number",
                "user_id":"US.NEW","previous_user_id":"US.OLD"}},
              {"id":"b","type":"system","system":{"type":"customer_changed_number","new_wa_id":"2"}},
              {"id":"c","type":"system","system":{"type":"customer_identity_changed"},"identity":{"acknowledged":true,"hash":"NEW="}},
              {"id":"d","type":"system","system":{"type":"user_identity_changed","identity":"NEW2="}},
              {"id":"e","type":"text","text":{"body":"x"},"system":{"type":"user_changed_number","wa_id":"9","identity":"NO="}}]}
            """#)
        let notice = try #require(value.messages[0].system)
        #expect(notice.type == "user_changed_number" && notice.waID == "12195555358" && notice.userID == "US.NEW")
        #expect(notice.previousUserID == "US.OLD" && notice.body == "changed" && value.messages[0].from == "16505551234")
        #expect(value.messages[1].system?.waID == "2")
        #expect(value.messages.map(\.changedIdentityHash) == [nil, nil, "NEW=", "NEW2=", nil])
        // Somebody's own text is no notice, whatever it carries.
        #expect(value.messages[4].system == nil)
    }

    @Test func anythingButAnObjectIsNoValue() {
        #expect(MessagesValue([]) == nil && MessagesValue(.null) == nil && MessagesValue("x") == nil)
        #expect(MessagesValue(["statuses": 1, "messages": "x", "contacts": [1], "metadata": []])?.statuses.isEmpty == true)
    }
}
