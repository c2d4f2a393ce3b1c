import CloudAPI
import Templates

/// A message body that Meta can be expected to read, taken apart.
struct CheckedBody: Sendable {
    var kind: String
    /// The recipient as the caller wrote it.
    var input: String
    /// Whether `input` is a business-scoped user id rather than a number.
    var isUserID: Bool
    var template: TemplateKey?
    var ownHash: String?
    var callbackData: String?
    /// Everything else, as it came.
    var rest: JSONObject

    static let maximumText = 4096
    static let maximumCallbackData = 512

    /// Reads a body as Meta would: `null` counts as absent, `to` may be a number. Throws `GatewayRefusal`.
    init(_ body: JSONValue, edge: MessageEdge, maximumBytes: Int) throws(GatewayRefusal) {
        guard var object = body.object else { throw .invalid("the body is \(body.shape); expected an object") }
        try Self.checkEnvelope(body)
        kind = try Self.kind(of: body)
        if edge == .marketing, kind != "template" {
            throw GatewayRefusal(
                code: 131055, title: "Method not allowed",
                details: "type is \(kind.quoted); the marketing edge takes only template")
        }
        (input, isUserID) = try Self.recipient(body)
        ownHash = try Self.text("recipient_identity_key_hash", body, 1...256)
        callbackData = try Self.text("biz_opaque_callback_data", body, 0...Self.maximumCallbackData)
        try ContentCheck(body: body).check(kind)
        template = kind == "template" ? Self.template(body) : nil
        for name in ["to", "recipient", "recipient_identity_key_hash", "biz_opaque_callback_data"] { object[name] = nil }
        rest = object
        let size = JSONValue.object(object).encoded().count
        guard size <= maximumBytes else { throw .invalid("the body has \(size) bytes; at most \(maximumBytes) are taken") }
    }

    private static func checkEnvelope(_ body: JSONValue) throws(GatewayRefusal) {
        guard let product = body["messaging_product"] else {
            throw .invalid("messaging_product is missing; expected \"whatsapp\"")
        }
        guard product.string == "whatsapp" else { throw .invalid("messaging_product is \(product.excerpt); expected \"whatsapp\"") }
        if let type = body["recipient_type"], type.string?.lowercased() != "individual" {
            throw .badValue("recipient_type is \(type.excerpt); expected \"individual\": groups are not supported")
        }
        if let context = body["context"] {
            guard context.object != nil else { throw .invalid("context is \(context.shape); expected an object with message_id") }
            guard context["message_id"]?.string?.isEmpty == false else { throw .missing("context.message_id is missing; expected a wamid") }
        }
    }

    /// Meta takes a body without `type` as text.
    private static func kind(of body: JSONValue) throws(GatewayRefusal) -> String {
        guard let type = body["type"] else {
            if body["text"] != nil { return "text" }
            throw .missing("type is missing; expected the kind of message, such as \"text\" or \"template\"")
        }
        guard let kind = type.string, (1...64).contains(kind.utf8.count), !kind.utf8.contains(0) else {
            throw .badValue("type is \(type.excerpt); expected the kind of message, such as \"text\" or \"template\"")
        }
        return kind.lowercased()
    }

    /// If both are given, `to` wins, as at Meta.
    private static func recipient(_ body: JSONValue) throws(GatewayRefusal) -> (String, Bool) {
        if let to = body["to"] {
            guard let text = to.text else { throw .badValue("to is \(to.shape); expected a phone number") }
            guard (1...64).contains(text.count), text.isStorable else {
                throw .badValue("to has \(text.count) characters; expected a phone number of 1 to 64")
            }
            return (text, false)
        }
        guard let recipient = body["recipient"] else {
            throw .missing("to is missing; expected a phone number, or recipient with a user id")
        }
        // A country, a dot and letters or digits: `US.13491208655302741918`.
        guard let id = recipient.string, id.isStorable, id.contains("."), id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badValue("recipient is \(recipient.excerpt); expected a user id such as US.13491208655302741918")
        }
        return (id, true)
    }

    private static func text(_ name: String, _ body: JSONValue, _ length: ClosedRange<Int>) throws(GatewayRefusal) -> String? {
        guard let value = body[name] else { return nil }
        guard let text = value.text, !text.utf8.contains(0) else { throw .invalid("\(name) is \(value.shape); expected text") }
        guard length.contains(text.count) else {
            throw .invalid("\(name) has \(text.count) characters; expected \(length.lowerBound) to \(length.upperBound)")
        }
        return text
    }

    private static func template(_ body: JSONValue) -> TemplateKey? {
        guard let name = body["template"]?["name"]?.string else { return nil }
        let language = body["template"]?["language"]
        return TemplateKey(name: name, language: language?["code"]?.string ?? language?.string ?? "")
    }
}

extension JSONValue {
    /// What it is, for messages about what was found.
    var shape: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// A short value as it is, anything else by its shape.
    var excerpt: String {
        switch self {
        case .string(let text): text.quoted
        case .number(let literal): String(literal.prefix(40))
        case .bool(let value): "\(value)"
        default: shape
        }
    }
}

extension String {
    var quoted: String { prefix(60).debugDescription }
}
