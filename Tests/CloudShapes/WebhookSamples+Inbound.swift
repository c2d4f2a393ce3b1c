extension WebhookSample {
    static let inbound: [WebhookSample] = [
        written("text", .seed("inbound message"), hash: "Zm9vYmFyMTI=", #""text":{"body":"Is it open?"}"#, text: "Is it open?"),
        written(
            "text", variant: "reply by a user", .reference("5.3 inbound"), user: "US.20418837755120943367",
            #""text":{"body":"Yes"},"context":{"from":"15550199000","id":"wamid.HBgLT1VU"}"#, text: "Yes"),
        written(
            "text", variant: "forwarded", .page("context"),
            #""text":{"body":"Look"},"context":{"forwarded":true,"frequently_forwarded":true}"#, text: "Look"),
        written(
            "text", variant: "about a product", .page("published file, text"),
            #""text":{"body":"In blue?"},"context":{"from":"15550199000","id":"wamid.HBgLUFJPRA==","#
                + #""referred_product":{"catalog_id":"1700000000000001","product_retailer_id":"sku-1"}}"#, text: "In blue?"),
        written(
            "text", variant: "from an advertisement", .page("published file, text"),
            #""text":{"body":"Hello"},"referral":{"source_url":"https://fb.example/ad","source_id":"1900000000000001","source_type":"ad","#
                + #""body":"June","headline":"Offers","media_type":"image","image_url":"https://files.example/ad.png","ctwa_clid":"Aff-x","#
                + #""welcome_message":{"text":"Hi"}}"#, text: "Hello"),
        ofNumber(
            "inbound text: no number", .reference("5.3 absent number"), .inbound,
            #""contacts":[{"profile":{"name":"Ana","username":"@anapaz"},"user_id":"US.20418837755120943367"}],"#
                + #""messages":[{"from_user_id":"US.20418837755120943367","id":"wamid.HBgLSU4=","timestamp":"1750000000","type":"text","#
                + #""text":{"body":"Hello"}}]"#,
            reads: #""contacts":[{"name":"Ana","username":"@anapaz","user_id":"US.20418837755120943367"}],"#
                + #""messages":[{"from_user":"US.20418837755120943367","id":"wamid.HBgLSU4=","at":1750000000,"type":"text","text":"Hello"}]"#
        ),
        written(
            "image", .reference("5.3 media"),
            #""image":{"id":"1600000000000001","mime_type":"image/jpeg","sha256":"uHcZ/w==","caption":"Here","url":"https://lookaside.example/1"}"#,
            text: "Here"),
        written(
            "audio", .page("audio"),
            #""audio":{"id":"1600000000000003","mime_type":"audio/ogg; codecs=opus","sha256":"uHcZ/w==","voice":true}"#),
        written(
            "video", .page("video"), #""video":{"id":"1600000000000002","mime_type":"video/mp4","sha256":"uHcZ/w==","caption":"There"}"#,
            text: "There"),
        written(
            "document", .page("document"),
            #""document":{"id":"1600000000000004","mime_type":"application/pdf","sha256":"uHcZ/w==","filename":"bill.pdf","caption":"Bill"}"#,
            text: "Bill"),
        written(
            "sticker", .page("sticker"),
            #""sticker":{"id":"1600000000000005","mime_type":"image/webp","sha256":"uHcZ/w==","animated":true}"#),
        written(
            "location", .page("location"),
            #""location":{"latitude":40.712800000001,"longitude":-74.006,"name":"The shop","address":"1 Example Street","url":"https://shop.example/"}"#
        ),
        written(
            "contacts", .page("contacts"),
            #""contacts":[{"name":{"formatted_name":"Luz Paz","first_name":"Luz","last_name":"Paz"},"org":{"company":"Example"},"#
                + #""phones":[{"phone":"+1 631-555-0177","wa_id":"16315550177","type":"MOBILE"}]}]"#),
        written("reaction", .page("reaction"), #""reaction":{"message_id":"wamid.HBgLT1VU","emoji":"\uD83D\uDC4D"}"#),
        written("reaction", variant: "removed", .page("reaction"), #""reaction":{"message_id":"wamid.HBgLT1VU"}"#),
        written(
            "button", .page("button"), #""button":{"payload":"stop","text":"Stop"},"context":{"from":"15550199000","id":"wamid.HBgLT1VU"}"#,
            text: "Stop"),
        written(
            "interactive", variant: "button_reply", .page("interactive"),
            #""interactive":{"type":"button_reply","button_reply":{"id":"yes","title":"Yes"}},"context":{"from":"15550199000","id":"wamid.HBgLT1VU"}"#,
            text: "Yes"),
        written(
            "interactive", variant: "list_reply", .page("interactive"),
            #""interactive":{"type":"list_reply","list_reply":{"id":"tea","title":"Tea","description":"With milk"}},"#
                + #""context":{"from":"15550199000","id":"wamid.HBgLT1VU"}"#, text: "Tea"),
        written(
            "interactive", variant: "nfm_reply", .page("interactive"),
            #""interactive":{"type":"nfm_reply","nfm_reply":{"name":"flow","body":"Sent","response_json":"{\"flow_token\":\"f-1\",\"seats\":2}"}},"#
                + #""context":{"from":"15550199000","id":"wamid.HBgLT1VU"}"#),
        written(
            "order", .page("order"),
            #""order":{"catalog_id":"1700000000000001","text":"","product_items":[{"product_retailer_id":"sku-1","quantity":2,"item_price":30.0,"#
                + #""currency":"USD"}]}"#, text: ""),
        written("request_welcome", .page("request_welcome"), ""),
        written(
            "unsupported", .reference("5.3 unsupported"),
            #""errors":[{"code":131051,"title":"Message type unknown","message":"Message type unknown","error_data":{"details":"Not supported."}}]"#,
            codes: "131051"),
        written(
            "unsupported", variant: "unavailable", .reference("5.3 unsupported"),
            #""errors":[{"code":131060,"title":"Unavailable","error_data":{"details":"Ask for it again."}}],"unsupported":{"type":"unknown"}"#,
            codes: "131060"),
        written(
            "edit", .reference("5.3 edit"),
            #""edit":{"original_message_id":"wamid.HBgLT0xE","message":{"context":{"id":"wamid.HBgLT0xE"},"type":"text","text":{"body":"Better"}}}"#
        ),
        written("revoke", .reference("5.3 edit"), #""revoke":{"original_message_id":"wamid.HBgLT0xE"}"#),
    ]

    private static func written(
        _ type: String, variant: String? = nil, _ source: Source, user: String? = nil, hash: String? = nil, _ content: String,
        text: String? = nil, codes: String? = nil
    ) -> WebhookSample {
        let person = #""wa_id":"16315550142"\#(member("user_id", user))"#
        let head = #""id":"wamid.HBgLSU4=","type":"\#(type)","from":"16315550142""#
        let rest = member("from_user_id", user) + (content.isEmpty ? "" : ",\(content)")
        let readRest = member("from_user", user) + member("text", text) + (codes.map { #","codes":[\#($0)]"# } ?? "")
        return ofNumber(
            "inbound \(type)" + (variant.map { ": \($0)" } ?? ""), source, .inbound,
            #""contacts":[{"profile":{"name":"Ana"},\#(person)\#(member("identity_key_hash", hash))}],"#
                + #""messages":[{\#(head),"timestamp":"1750000000"\#(rest)}]"#,
            reads: #""contacts":[{"name":"Ana",\#(person)\#(member("hash", hash))}],"messages":[{\#(head),"at":1750000000\#(readRest)}]"#)
    }
}
