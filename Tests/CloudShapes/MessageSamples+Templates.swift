import CloudAPI

extension MessageSample {
    static let templates: [MessageSample] = plainTemplates + buttonTemplates + marketingTemplates

    private static let plainTemplates: [MessageSample] = [
        template("template: no parameters", .page("template messages")),
        template("template: language alone", .page("template messages"), language: #"{"code":"es"}"#),
        template("template: policy", .page("published file"), language: #"{"policy":"deterministic","code":"pt_BR"}"#),
        template(
            "template", .reference("1.1 template"), header(#"{"type":"image","image":{"id":"1600000000000001"}}"#), positional,
            button(0, "quick_reply", payload), button(1, "url", #"{"type":"text","text":"orders/7"}"#)),
        template(
            "template: named", .reference("1.1 named parameters"),
            #"""
            {"type":"header","parameters":[{"type":"text","parameter_name":"shop","text":"Lima"}]},
            {"type":"body","parameters":[{"type":"text","parameter_name":"first_name","text":"Ana"},
              {"type":"currency","parameter_name":"sum","currency":{"fallback_value":"$12.50","code":"USD","amount_1000":12500}}]}
            """#),
        template("template: header text", .page("template messages"), header(#"{"type":"text","text":"June"}"#)),
        template(
            "template: header link", .page("template messages"),
            header(#"{"type":"image","image":{"link":"https://files.example/a.png"}}"#)),
        template("template: header video", .page("template messages"), header(#"{"type":"video","video":{"id":"1600000000000002"}}"#)),
        template(
            "template: header document", .page("template messages"),
            header(#"{"type":"document","document":{"link":"https://files.example/june.pdf","filename":"june.pdf"}}"#)),
        template(
            "template: header location", .page("template messages"),
            header(
                #"{"type":"location","location":{"latitude":"40.7128","longitude":"-74.006","name":"The shop","address":"1 Example St"}}"#)),
        template(
            "template: header product", .page("product card templates"),
            header(#"{"type":"product","product":{"product_retailer_id":"sku-1","catalog_id":"1700000000000001"}}"#)),
        template(
            "template: currency and date", .page("template messages"),
            #"""
            {"type":"body","parameters":[{"type":"currency","currency":{"fallback_value":"€3","code":"EUR","amount_1000":3000}},
              {"type":"date_time","date_time":{"fallback_value":"1 June 2026"}}]}
            """#),
    ]

    private static let buttonTemplates: [MessageSample] = [
        template(
            "template: quick replies", .page("template messages"), button(0, "quick_reply", payload), button(1, "quick_reply", payload)),
        template(
            "template: one-time password", .page("authentication templates"),
            #"{"type":"body","parameters":[{"type":"text","text":"481516"}]}"#, button(0, "url", #"{"type":"text","text":"481516"}"#)),
        template(
            "template: copy code", .reference("1.1 sub_type"), button(0, "copy_code", #"{"type":"coupon_code","coupon_code":"SAVE10"}"#)),
        template(
            "template: flow", .reference("1.1 sub_type"),
            button(0, "flow", #"{"type":"action","action":{"flow_token":"f-1","flow_action_data":{"seats":[1,2.50]}}}"#)),
        template(
            "template: catalog", .reference("1.1 sub_type"),
            button(0, "catalog", #"{"type":"action","action":{"thumbnail_product_retailer_id":"sku-1"}}"#)),
        template(
            "template: products", .page("multi-product templates"),
            button(
                0, "mpm",
                #"""
                {"type":"action","action":{"thumbnail_product_retailer_id":"sku-1",
                  "sections":[{"title":"Cups","product_items":[{"product_retailer_id":"sku-1"},{"product_retailer_id":"sku-2"}]}]}}
                """#)),
        template(
            "template: voice call", .reference("1.1 sub_type"),
            button(0, "voice_call", #"{"type":"ttl_minutes","ttl_minutes":100},{"type":"payload","payload":"called"}"#)),
        template(
            "template: limited offer", .page("limited-time offer templates"), positional, offer,
            button(0, "copy_code", #"{"type":"coupon_code","coupon_code":"SAVE10"}"#)),
        template(
            "template: carousel", .page("media card carousel templates"), positional,
            #"{"type":"carousel","cards":[\#(card(0)),\#(card(1))]}"#),
    ]

    private static let marketingTemplates: [MessageSample] = [
        template("template: marketing edge", .reference("1.3 body"), edge: .marketing, positional),
        template(
            "template: marketing settings", .reference("1.3 settings"), edge: .marketing,
            more: #""product_policy":"CLOUD_API_FALLBACK","message_activity_sharing":true,"#, positional),
        template(
            "template: marketing strict", .reference("1.3 settings"), edge: .marketing,
            more: #""product_policy":"STRICT","message_activity_sharing":false,"#, positional),
    ]

    // MARK: Parts

    private static let payload = #"{"type":"payload","payload":"later"}"#
    private static let positional = #"{"type":"body","parameters":[{"type":"text","text":"Ana"},{"type":"text","text":"7"}]}"#
    private static let offer = #"""
        {"type":"limited_time_offer","parameters":[{"type":"limited_time_offer","limited_time_offer":{"expiration_time_ms":1790000000000}}]}
        """#

    private static func template(
        _ name: String, _ source: Source, language: String = #"{"code":"en_US"}"#, edge: MessageEdge = .messages, more: String = "",
        _ components: String...
    ) -> MessageSample {
        let list = components.isEmpty ? "" : #","components":[\#(components.joined(separator: ","))]"#
        return .of(name, source, edge: edge, more: more, #"{"name":"order_update","language":\#(language)\#(list)}"#)
    }

    private static func header(_ parameter: String) -> String { #"{"type":"header","parameters":[\#(parameter)]}"# }

    private static func button(_ index: Int, _ kind: String, _ parameters: String) -> String {
        #"{"type":"button","sub_type":"\#(kind)","index":"\#(index)","parameters":[\#(parameters)]}"#
    }

    private static func card(_ index: Int) -> String {
        let image = header(#"{"type":"image","image":{"id":"160000000000000\#(index)"}}"#)
        return #"{"card_index":\#(index),"components":[\#(image),\#(positional),\#(button(0, "quick_reply", payload))]}"#
    }
}
