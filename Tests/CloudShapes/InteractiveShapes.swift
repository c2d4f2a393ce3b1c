/// Interactive messages. The reference names their type only; the shapes are those of the published file and of Meta's pages on each.
enum InteractiveShapes {
    static let interactive: Shape = .kinds(
        "type",
        [
            Kind("button", [header, body, footer, action(must("buttons", .list(replyButton, 1...3)))]),
            Kind(
                "list",
                [
                    textHeader, must("body", .members(must("text", .text(1...4096))), PublishedFile.listBody), footer,
                    action(must("button", .text(1...20)), must("sections", .list(rowSection, 1...10))),
                ]),
            Kind("product", [optionalBody, footer, action(must("catalog_id", .name), must("product_retailer_id", .name))]),
            Kind(
                "product_list",
                [
                    must("header", headerShape), body, footer,
                    action(must("catalog_id", .name), must("sections", .list(productSection, 1...10))),
                ]),
            Kind(
                "catalog_message",
                [
                    body, footer,
                    action(
                        must("name", .exactly("catalog_message")),
                        may("parameters", .members(must("thumbnail_product_retailer_id", .name)), PublishedFile.thumbnail)),
                ]),
            Kind("flow", [header, body, footer, action(must("name", .exactly("flow")), must("parameters", flow))]),
            Kind("cta_url", [header, body, footer, linkAction], [], PublishedFile.interactiveKind),
            Kind(
                "location_request_message", [body, action(must("name", .exactly("send_location")))], [], PublishedFile.interactiveKind),
            Kind(
                "address_message",
                [
                    header, body, footer,
                    action(
                        must("name", .exactly("address_message")),
                        must(
                            "parameters",
                            .members(must("country", .pattern("[A-Z]{2}")), may("values", .anything), may("saved_addresses", .anything)))),
                ], [], PublishedFile.interactiveKind),
            Kind("call_permission_request", [body, action(must("name", .exactly("call_permission_request")))]),
            Kind("carousel", [body, action(must("cards", .list(card, 2...10)))], [], PublishedFile.interactiveKind),
        ], [], [])

    // MARK: Parts

    private static func action(_ members: Member...) -> Member { must("action", .object(members, [])) }

    private static let headerShape: Shape = .kinds(
        "type",
        [
            Kind("text", [must("text", .text(1...60)), may("sub_text", .text(1...60))]),
            Kind("image", [must("image", MessageShapes.media())]),
            Kind("video", [must("video", MessageShapes.media())]),
            Kind("document", [must("document", MessageShapes.media(MessageShapes.filename))]),
        ], [], [])

    private static let header = may("header", headerShape)
    private static let textHeader = may("header", .members(must("type", .exactly("text")), must("text", .text(1...60))))
    private static let body = must("body", .members(must("text", .text(1...1024))))
    private static let optionalBody = may("body", .members(must("text", .text(1...1024))))
    private static let footer = may("footer", .members(must("text", .text(1...60))))

    private static let replyButton: Shape = .members(
        must("type", .exactly("reply")), must("reply", .members(must("id", .text(1...256)), must("title", .text(1...20)))))

    private static let rowSection: Shape = .members(
        may("title", .text(1...24)),
        must(
            "rows", .list(.members(must("id", .text(1...200)), must("title", .text(1...24)), may("description", .text(1...72))), 1...10)))

    static let productSection: Shape = .members(
        may("title", .text(1...24)), must("product_items", .list(.members(must("product_retailer_id", .name)), 1...30)))

    private static let linkAction = action(
        must("name", .exactly("cta_url")),
        must("parameters", .members(must("display_text", .text(1...20)), must("url", .address(1...2048)))))

    private static let card: Shape = .members(
        must("card_index", .integer(0...9)), must("type", .exactly("cta_url")), must("header", headerShape), optionalBody, linkAction)

    private static let flow: Shape = .object(
        [
            must("flow_message_version", .exactly("3")), must("flow_cta", .text(1...30)), may("flow_id", .name), may("flow_name", .name),
            may("mode", .word(["draft", "published"])), may("flow_token", .text(1...200)),
            may("flow_action", .word(["navigate", "data_exchange"])),
            may("flow_action_payload", .members(must("screen", .name), may("data", .anything))),
        ], [.exactlyOne(["flow_id", "flow_name"])])
}
