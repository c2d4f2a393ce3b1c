/// The bodies of `POST /{phone}/messages` and `/marketing_messages` (reference 1.1, 1.3, 1.4).
package enum MessageShapes {
    static let product = must("messaging_product", .exactly("whatsapp"))

    /// What every message has beside its content. The recipient is what Relevo sends: E.164, or a user id.
    private static let envelope: [Member] = [
        product,
        may("recipient_type", .exactly("individual"), PublishedFile.recipientType),
        may("to", .pattern("\\+[1-9][0-9]{6,14}"), PublishedFile.to),
        may("recipient", .pattern("[A-Z]{2}\\.(ENT\\.)?[A-Za-z0-9]{1,128}"), PublishedFile.recipient),
        may("recipient_identity_key_hash", .text(1...256), PublishedFile.identityHash),
        may("biz_opaque_callback_data", .text(0...512), PublishedFile.callbackData),
        may("context", .members(must("message_id", .text(1...128)))),
    ]

    private static let recipientRule: [Rule] = [.exactlyOne(["to", "recipient"])]

    package static let message: Shape = .kinds(
        "type",
        [
            Kind("text", [must("text", .members(must("body", .text(1...4096)), may("preview_url", .flag)))]),
            Kind("image", [must("image", media(caption: true))]),
            Kind("video", [must("video", media(caption: true))]),
            Kind("audio", [must("audio", media(may("voice", .flag, PublishedFile.voice)))]),
            Kind("document", [must("document", media(caption: true, filename))]),
            Kind("sticker", [must("sticker", media())]),
            Kind("location", [must("location", location)]),
            Kind("contacts", [must("contacts", .list(ContactShapes.contact, 1...5))]),
            Kind("reaction", [must("reaction", .members(must("message_id", .text(1...128)), must("emoji", .text(0...16))))]),
            Kind("interactive", [must("interactive", InteractiveShapes.interactive)]),
            Kind("template", [must("template", TemplateShapes.template)]),
        ], envelope, recipientRule)

    /// The marketing edge takes templates only, and two settings of its own.
    package static let marketing: Shape = .kinds(
        "type", [Kind("template", [must("template", TemplateShapes.template)])],
        envelope + [may("product_policy", .word(["CLOUD_API_FALLBACK", "STRICT"])), may("message_activity_sharing", .flag)], recipientRule)

    /// Read marks go to the edge of messages.
    package static let readMark: Shape = .members(
        product, must("status", .exactly("read")), must("message_id", .text(1...128)),
        may("typing_indicator", .members(must("type", .exactly("text"))), PublishedFile.typing))

    // MARK: Parts

    static let filename = may("filename", .text(1...240), PublishedFile.filename)

    /// A file by its id or its address.
    static func media(caption: Bool = false, _ more: Member...) -> Shape {
        let captions = caption ? [may("caption", .text(0...1024), PublishedFile.caption)] : []
        return .object([may("id", .pattern("[0-9]+")), may("link", .address(1...2048))] + captions + more, [.exactlyOne(["id", "link"])])
    }

    static let location: Shape = .members(
        must("latitude", .degrees(90), PublishedFile.coordinates), must("longitude", .degrees(180), PublishedFile.coordinates),
        may("name", .text(0...1000)), may("address", .text(0...1000)))
}

/// Cards of contacts.
enum ContactShapes {
    private static let line = Shape.text(0...1000)

    static let contact: Shape = .members(
        must(
            "name",
            .members(
                must("formatted_name", .name), may("first_name", line), may("last_name", line), may("middle_name", line),
                may("prefix", line), may("suffix", line))),
        may("birthday", .pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}")),
        may("org", .members(may("company", line), may("department", line), may("title", line))),
        may("phones", list(must("phone", line), may("wa_id", .pattern("[0-9]+")))),
        may("emails", list(must("email", line))),
        may("urls", list(must("url", .address(1...2048)))),
        may(
            "addresses",
            list(
                may("street", line), may("city", line), may("state", line), may("zip", line), may("country", line),
                may("country_code", line))))

    private static func list(_ members: Member...) -> Shape {
        .list(.object(members + [may("type", .text(1...64), PublishedFile.contactType)], []), 0...100)
    }
}
