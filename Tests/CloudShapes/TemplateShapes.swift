/// A template message's name, language and parameters (reference 1.1).
enum TemplateShapes {
    static let template: Shape = .members(
        must("name", .pattern("[a-z0-9_]{1,512}")),
        must("language", .members(must("code", .pattern("[a-z]{2,3}(_[A-Z]{2,3})?")), languagePolicy)),
        may("components", .list(component, 0...20)))

    private static let languagePolicy = may("policy", .exactly("deterministic"), PublishedFile.languagePolicy)
    private static let parameterName = may("parameter_name", .pattern("[a-z0-9_]+"), PublishedFile.parameterName)
    private static let textParameter = Kind("text", [must("text", .text(1...32768)), parameterName])

    private static let buttons = ["quick_reply", "url", "catalog", "flow", "copy_code", "mpm", "voice_call"]

    private static let component = components(
        with: [
            Kind(
                "limited_time_offer",
                [
                    must(
                        "parameters",
                        .list(
                            .members(
                                must("type", .exactly("limited_time_offer")),
                                must("limited_time_offer", .members(must("expiration_time_ms", .integer(0...9_999_999_999_999))))), 1...1))
                ], [], PublishedFile.componentKind),
            Kind(
                "carousel",
                [
                    must(
                        "cards",
                        .list(
                            .members(must("card_index", .integer(0...9)), must("components", .list(components(with: []), 1...4))), 1...10))
                ], [], PublishedFile.componentKind),
        ])

    private static func components(with more: [Kind]) -> Shape {
        .kinds(
            "type",
            [
                Kind("header", [may("parameters", .list(headerParameter, 1...1))]),
                Kind("body", [may("parameters", .list(bodyParameter, 0...1000))]),
                Kind(
                    "button",
                    [
                        must("sub_type", .word(buttons), PublishedFile.buttonKind),
                        must("index", .pattern("[0-9]"), PublishedFile.buttonIndex),
                        may("parameters", .list(buttonParameter, 1...2)),
                    ]),
            ] + more, [], [])
    }

    // MARK: Parameters

    private static let headerParameter: Shape = .kinds(
        "type",
        [
            textParameter,
            Kind("image", [must("image", MessageShapes.media())]),
            Kind("video", [must("video", MessageShapes.media())]),
            Kind("document", [must("document", MessageShapes.media(MessageShapes.filename))]),
            Kind("location", [must("location", MessageShapes.location)], [], PublishedFile.headerKind),
            Kind(
                "product", [must("product", .members(must("product_retailer_id", .name), must("catalog_id", .name)))], [],
                PublishedFile.headerKind),
        ], [], [])

    private static let bodyParameter: Shape = .kinds(
        "type",
        [
            textParameter,
            Kind(
                "currency",
                [
                    must(
                        "currency",
                        .members(
                            must("fallback_value", .name), must("code", .pattern("[A-Z]{3}")),
                            must("amount_1000", .integer(-999_999_999_999...999_999_999_999)))), parameterName,
                ]),
            Kind("date_time", [must("date_time", .members(must("fallback_value", .name))), parameterName]),
        ], [], [])

    private static let buttonParameter: Shape = .kinds(
        "type",
        [
            Kind("payload", [must("payload", .text(1...256))]),
            Kind("text", [must("text", .text(1...2000))]),
            Kind("coupon_code", [must("coupon_code", .text(1...15))], [], PublishedFile.buttonAction),
            Kind("ttl_minutes", [must("ttl_minutes", .integer(1...43_200))], [], PublishedFile.buttonAction),
            Kind(
                "action",
                [
                    must(
                        "action",
                        .members(
                            may("flow_token", .name), may("flow_action_data", .anything), may("thumbnail_product_retailer_id", .name),
                            may("sections", .list(InteractiveShapes.productSection, 1...10))))
                ], [], PublishedFile.buttonAction),
        ], [], [])
}
