/// What a request to Meta looks like.
package struct RequestShape: Sendable {
    package enum Body: Sendable {
        case none
        case json(Shape)
        /// `multipart/form-data` with these members, in their order, the file last.
        case form(Shape)
    }

    package var name: String
    package var method: String
    /// The path below the version; `*` stands for an id.
    package var path: String
    /// Names of the query: true where it must be there.
    package var query: [String: Bool]
    package var body: Body
    /// The section of the reference.
    package var source: String
    /// Whether Meta's published file has the request.
    package var isPublished: Bool

    init(
        _ name: String, _ method: String, _ path: String, query: [String: Bool] = [:], _ body: Body = .none, source: String,
        isPublished: Bool = true
    ) {
        self.name = name
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.source = source
        self.isPublished = isPublished
    }
}

/// Every request that Relevo makes to Meta.
package enum RequestShapes {
    private static let page = ["fields": true, "limit": true, "after": false]
    private static let pin = Shape.pattern("[0-9]{6}")

    package static let all: [RequestShape] = [
        RequestShape("message", "POST", "*/messages", .json(MessageShapes.message), source: "1.1"),
        RequestShape("marketing message", "POST", "*/marketing_messages", .json(MessageShapes.marketing), source: "1.3"),
        RequestShape("read mark", "POST", "*/messages", .json(MessageShapes.readMark), source: "1.4"),

        RequestShape("media upload", "POST", "*/media", .form(upload), source: "1.1"),
        RequestShape("media", "GET", "*", query: ["phone_number_id": false], source: "1.1"),
        // Where `media` says that the file is: no address of the Graph API's.
        RequestShape("file", "GET", "file/*", source: "1.1", isPublished: false),
        RequestShape("media delete", "DELETE", "*", query: ["phone_number_id": false], source: "1.1"),

        RequestShape("node", "GET", "*", query: ["fields": true], source: "4.5, 4.7"),
        RequestShape("phone numbers", "GET", "*/phone_numbers", query: page, source: "4.5"),
        RequestShape(
            "add number", "POST", "*/phone_numbers",
            .json(
                .members(
                    must("cc", .pattern("[0-9]{1,3}")), must("phone_number", .pattern("[0-9]{4,14}"), PublishedFile.national),
                    may("verified_name", .text(2...75), PublishedFile.verifiedName), may("migrate_phone_number", .flag))), source: "4.1"),
        RequestShape(
            "request code", "POST", "*/request_code",
            .json(
                .members(
                    must("code_method", .word(["SMS", "VOICE"])),
                    must("language", .pattern("[a-z]{2,3}(_[A-Z]{2})?"), PublishedFile.language))), source: "4.2"),
        RequestShape("verify code", "POST", "*/verify_code", .json(.members(must("code", pin))), source: "4.2"),
        RequestShape(
            "register", "POST", "*/register",
            .json(
                .members(
                    MessageShapes.product, must("pin", pin),
                    may(
                        "data_localization_region",
                        .word(["AE", "AU", "BH", "BR", "CA", "CH", "DE", "GB", "ID", "IN", "JP", "KR", "SG", "ZA"])))), source: "4.3"),
        RequestShape(
            "deregister", "POST", "*/deregister",
            .json(.members(may("messaging_product", .exactly("whatsapp"), PublishedFile.deregisterBody))), source: "4.3"),
        RequestShape("read settings", "GET", "*/settings", source: "4.6"),
        RequestShape(
            "identity check", "POST", "*/settings",
            .json(
                .members(
                    must("user_identity_change", .members(must("enable_identity_key_check", .flag)), PublishedFile.identityCheck))),
            source: "4.6"),

        RequestShape("subscribed apps", "GET", "*/subscribed_apps", source: "4.10"),
        RequestShape(
            "subscribe", "POST", "*/subscribed_apps",
            .json(.object([may("override_callback_uri", .address(1...200)), may("verify_token", .text(1...512))], subscription)),
            source: "4.10"),

        RequestShape("templates", "GET", "*/message_templates", query: page.merging(["name": false]) { first, _ in first }, source: "4.9"),
        RequestShape("create template", "POST", "*/message_templates", .json(template), source: "4.9"),
        RequestShape(
            "copy templates", "POST", "*/migrate_message_templates",
            .json(
                .members(
                    must("source_waba_id", .pattern("[0-9]+")), may("page_number", .integer(0...1000)), may("count", .integer(1...500)),
                    may("template_ids", .list(.pattern("[0-9]+"), 1...500)))), source: "4.9", isPublished: false),
        RequestShape("unpause template", "POST", "*/unpause", .json(.object([], [])), source: "4.9", isPublished: false),

        RequestShape("token", "GET", "debug_token", query: ["input_token": true], source: "4.12", isPublished: false),
        RequestShape("me", "GET", "me", query: ["fields": true], source: "0.2", isPublished: false),
    ]

    /// An address to call is only taken with the word that is asked for there.
    private static let subscription: [Rule] = [
        .needs("override_callback_uri", by: "verify_token"), .needs("verify_token", by: "override_callback_uri"),
    ]

    /// The file in `file` is stated as its text.
    private static let upload: Shape = .members(
        must("messaging_product", .exactly("whatsapp")), must("type", .pattern("[a-z]+/[a-z0-9.+-]+"), PublishedFile.mediaType),
        must("file", .text(1...1_000_000)))

    private static let template: Shape = .members(
        must("name", .pattern("[a-z0-9_]{1,512}")), must("category", .word(["UTILITY", "MARKETING", "AUTHENTICATION"])),
        must("language", .pattern("[a-z]{2,3}(_[A-Z]{2,3})?")),
        may("parameter_format", .word(["POSITIONAL", "NAMED"]), PublishedFile.parameterFormat),
        may("allow_category_change", .flag, PublishedFile.categoryChange), must("components", .list(.anything, 1...10)))

    /// Nil for a name that is not in the table.
    package static func named(_ name: String) -> RequestShape? { all.first { $0.name == name } }
}
