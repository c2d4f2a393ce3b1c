extension MessageSample {
    static let simple: [MessageSample] = [
        .of("text", .reference("1.1 text"), #"{"preview_url":false,"body":"Your table is ready"}"#),
        .of("text: preview", .page("text messages"), #"{"preview_url":true,"body":"See https://shop.example/offers"}"#),
        .of("text: longest", .reference("1.1 table"), #"{"body":"\#(String(repeating: "ñ", count: 4096))"}"#),
        .of(
            "text: reply", .reference("1.1 context"), more: #""context":{"message_id":"wamid.HBgLQ09OVEVYVA=="},"#,
            #"{"body":"About that: yes"}"#),
        .of(
            "text: hash", .seed("send with a hash"), more: #""recipient_identity_key_hash":"Zm9vYmFyMTI=","#,
            #"{"preview_url":false,"body":"Your statement is attached"}"#),
        .of(
            "text: callback data", .reference("1.1 table"), more: #""biz_opaque_callback_data":"order 7/ñ","#, #"{"body":"Sent"}"#),
        MessageSample(
            "text: user id", .reference("1.1 recipient"),
            #"{"messaging_product":"whatsapp","recipient":"US.20418837755120943367","type":"text","text":{"body":"Hello"}}"#),
        MessageSample(
            "text: parent user id", .reference("6 BSUID"),
            #"{"messaging_product":"whatsapp","recipient":"US.ENT.118a4471","type":"text","text":{"body":"Hello"}}"#),
        MessageSample(
            "text: least", .reference("1.1 table"),
            #"{"messaging_product":"whatsapp","to":"+16315550142","type":"text","text":{"body":"Hello"}}"#),
        .of(
            "location", .page("location messages"),
            #"{"latitude":40.712800,"longitude":-74.0060,"name":"The shop","address":"1 Example Street"}"#),
        .of("location: text", .page("published file"), #"{"latitude":"40.7128","longitude":"-74.006"}"#),
        .of("reaction", .page("reaction messages"), #"{"message_id":"wamid.HBgLUkVBQ1RJT04=","emoji":"👍🏽"}"#),
        .of("reaction: removed", .page("reaction messages"), #"{"message_id":"wamid.HBgLUkVBQ1RJT04=","emoji":""}"#),
        .of("contacts: least", .page("contacts messages"), #"[{"name":{"formatted_name":"Ana"}}]"#),
        .of(
            "contacts", .page("contacts messages"),
            #"""
            [{"name":{"formatted_name":"Dr. Ana B. Paz III","first_name":"Ana","last_name":"Paz","middle_name":"B.","prefix":"Dr.","suffix":"III"},
              "birthday":"1990-02-28","org":{"company":"Example","department":"Sales","title":"Lead"},
              "phones":[{"phone":"+1 631 555 0199","type":"CELL","wa_id":"16315550199"},{"phone":"+1 631 555 0198","type":"WORK"}],
              "emails":[{"email":"ana@mail.example","type":"HOME"}],"urls":[{"url":"https://ana.example","type":"WORK"}],
              "addresses":[{"street":"1 Example Street","city":"Springfield","state":"NY","zip":"10001","country":"United States",
                "country_code":"us","type":"HOME"}]}]
            """#),
    ]

    static let media: [MessageSample] = [
        .of("image", .page("image messages"), #"{"id":"1600000000000001","caption":"The house"}"#),
        .of("image: link", .page("image messages"), #"{"link":"https://files.example/house.jpg?v=1"}"#),
        .of("video", .page("video messages"), #"{"id":"1600000000000002","caption":"The garden"}"#),
        .of("video: link", .page("video messages"), #"{"link":"https://files.example/garden.mp4","caption":"The garden"}"#),
        .of("audio", .page("audio messages"), #"{"id":"1600000000000003"}"#),
        .of("audio: link", .page("audio messages"), #"{"link":"https://files.example/call.ogg"}"#),
        .of("audio: voice", .page("audio messages"), #"{"id":"1600000000000003","voice":true}"#),
        .of("document", .reference("1.1 document"), #"{"id":"1600000000000004","caption":"Your statement","filename":"june.pdf"}"#),
        .of("document: link", .page("document messages"), #"{"link":"http://files.example/june.pdf","filename":"june.pdf"}"#),
        .of("sticker", .page("sticker messages"), #"{"id":"1600000000000005"}"#),
        .of("sticker: link", .page("sticker messages"), #"{"link":"https://files.example/cat.webp"}"#),
    ]
}
