extension MessageSample {
    static let interactive: [MessageSample] = [
        kind(
            "button", header: #"{"type":"text","text":"Your table"}"#, footer: "Example",
            #"{"buttons":[{"type":"reply","reply":{"id":"yes","title":"Yes"}},{"type":"reply","reply":{"id":"no","title":"No"}}]}"#),
        kind(
            "button", variant: "image", header: #"{"type":"image","image":{"id":"1600000000000001"}}"#,
            #"{"buttons":[{"type":"reply","reply":{"id":"yes","title":"Yes"}}]}"#),
        kind(
            "button", variant: "document",
            header: #"{"type":"document","document":{"link":"https://files.example/a.pdf","filename":"a.pdf"}}"#,
            #"{"buttons":[{"type":"reply","reply":{"id":"yes","title":"Yes"}}]}"#),
        kind(
            "button", variant: "video", header: #"{"type":"video","video":{"id":"1600000000000002"}}"#,
            #"{"buttons":[{"type":"reply","reply":{"id":"yes","title":"Yes"}}]}"#),
        kind("list", header: #"{"type":"text","text":"Menu"}"#, footer: "Until ten", menu),
        kind("list", variant: "long body", body: String(repeating: "a", count: 4096), menu),
        kind(
            "cta_url", header: #"{"type":"text","text":"June"}"#, footer: "Example",
            #"{"name":"cta_url","parameters":{"display_text":"Open","url":"https://shop.example/june"}}"#),
        kind("product", #"{"catalog_id":"1700000000000001","product_retailer_id":"sku-1"}"#),
        kind("product", variant: "no body", body: nil, #"{"catalog_id":"1700000000000001","product_retailer_id":"sku-1"}"#),
        kind(
            "product_list", header: #"{"type":"text","text":"Cups"}"#,
            #"{"catalog_id":"1700000000000001","sections":[{"title":"Cups","product_items":[{"product_retailer_id":"sku-1"}]}]}"#),
        kind("catalog_message", #"{"name":"catalog_message","parameters":{"thumbnail_product_retailer_id":"sku-1"}}"#),
        kind("catalog_message", variant: "no thumbnail", #"{"name":"catalog_message"}"#),
        kind(
            "flow", header: #"{"type":"text","text":"Book"}"#,
            #"""
            {"name":"flow","parameters":{"flow_message_version":"3","flow_token":"f-1","flow_id":"1800000000000001","flow_cta":"Book",
              "flow_action":"navigate","flow_action_payload":{"screen":"FIRST","data":{"seats":2}}}}
            """#),
        kind(
            "flow", variant: "by name",
            #"""
            {"name":"flow","parameters":{"flow_message_version":"3","flow_name":"booking","flow_cta":"Book","mode":"draft",
              "flow_action":"data_exchange"}}
            """#),
        kind("location_request_message", #"{"name":"send_location"}"#),
        kind(
            "address_message",
            #"{"name":"address_message","parameters":{"country":"IN","values":{"name":"Ana","phone_number":"+911234567890"}}}"#),
        kind("call_permission_request", #"{"name":"call_permission_request"}"#),
        kind("carousel", #"{"cards":[\#(card(0)),\#(card(1))]}"#),
    ]

    // MARK: Parts

    private static let menu = #"""
        {"button":"Choose","sections":[{"title":"Hot","rows":[{"id":"tea","title":"Tea","description":"With milk"},{"id":"mate","title":"Mate"}]},
          {"title":"Cold","rows":[{"id":"water","title":"Water"}]}]}
        """#

    private static func kind(
        _ type: String, variant: String? = nil, header: String? = nil, body: String? = "Please choose", footer: String? = nil,
        _ action: String
    ) -> MessageSample {
        var members = [#""type":"\#(type)""#]
        if let header { members.append(#""header":\#(header)"#) }
        if let body { members.append(#""body":{"text":"\#(body)"}"#) }
        if let footer { members.append(#""footer":{"text":"\#(footer)"}"#) }
        members.append(#""action":\#(action)"#)
        let name = "interactive: \(type)" + (variant.map { ", \($0)" } ?? "")
        return .of(name, .page("interactive messages, \(type)"), "{" + members.joined(separator: ",") + "}")
    }

    private static func card(_ index: Int) -> String {
        #"{"card_index":\#(index),"type":"cta_url","header":{"type":"image","image":{"link":"https://files.example/\#(index).png"}},"#
            + #""body":{"text":"Offer \#(index)"},"action":{"name":"cta_url","parameters":{"display_text":"Open","url":"https://shop.example/\#(index)"}}}"#
    }
}
