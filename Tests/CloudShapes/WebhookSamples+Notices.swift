/// Notices of the system about a person, errors of a number, and what a person wishes.
extension WebhookSample {
    static let notices: [WebhookSample] = [
        system(
            "user_changed_number", .reference("5.3 system"), body: "Ana changed from 16315550142 to 16315550143",
            #","wa_id":"16315550143","user_id":"US.NEW1","previous_user_id":"US.OLD1"}"#,
            reads: #","wa_id":"16315550143","user_id":"US.NEW1","previous":"US.OLD1"}"#),
        system(
            "user_changed_user_id", .reference("5.3 system"), body: "Ana changed",
            #","user_id":"US.NEW1","previous_user_id":"US.OLD1","previous_parent_user_id":"US.ENT.OLD1"}"#,
            reads: #","user_id":"US.NEW1","previous":"US.OLD1"}"#),
        system(
            "customer_changed_number", .reference("5.3 legacy"), body: "changed", #","new_wa_id":"16315550143"}"#,
            reads: #","wa_id":"16315550143"}"#),
        system(
            "customer_identity_changed", .reference("5.3 legacy"), body: "identity",
            #","customer":"16315550142"},"identity":{"acknowledged":false,"created_timestamp":"1750269342","hash":"bmV3"}"#,
            reads: #"},"hash":"bmV3""#),
        system(
            "user_identity_changed", .reference("5.3 legacy"), body: "identity", #","identity":"bmV3"}"#, reads: #"},"hash":"bmV3""#),
        ofNumber(
            "errors of a number", .reference("2.1 where errors surface"), .notice(nil),
            #""errors":[{"code":130429,"title":"Rate limit hit","message":"Rate limit hit","error_data":{"details":"Too fast."}}]"#,
            reads: #""codes":[130429]"#),
        preference("stop", stops: true),
        preference("resume", stops: false),
    ]

    /// - Parameter content: what follows the notice's type, with the brace that ends it.
    private static func system(_ type: String, _ source: Source, body: String, _ content: String, reads: String) -> WebhookSample {
        let head = #""from":"16315550142","id":"wamid.HBgLU1lT","type":"system""#
        let notice = #""system":{"body":"\#(body)","type":"\#(type)""#
        return ofNumber(
            "system \(type)", source, .inbound, #""messages":[{\#(head),"timestamp":"1750269342",\#(notice)\#(content)}]"#,
            reads: #""messages":[{\#(head),"at":1750269342,"text":"\#(body)",\#(notice)\#(reads)}]"#)
    }

    private static func preference(_ word: String, stops: Bool) -> WebhookSample {
        ofNumber(
            "user_preferences: \(word)", .reference("5.4 user_preferences"), .preference(stops: stops), field: "user_preferences",
            #""contacts":[{"profile":{"name":"Ana"},"wa_id":"16315550142"}],"user_preferences":[{"wa_id":"16315550142","#
                + #""detail":"User asked to \#(word) marketing","category":"marketing_messages","value":"\#(word)","timestamp":1750269342}]"#
        )
    }
}
