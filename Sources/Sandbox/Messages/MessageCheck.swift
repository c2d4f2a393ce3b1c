/// The documented form of a message, without regard to who sends it to whom. Types are taken in any case, as Meta does.
enum MessageCheck {
    /// Types with what they need.
    private static let media: Set<String> = ["image", "video", "audio", "document", "sticker"]

    /// Returns the type. Throws the code Meta would give.
    static func type(of request: CloudRequest) throws -> String {
        guard request["messaging_product"]?.text?.lowercased() == "whatsapp" else {
            throw GraphFailure(100, "The parameter messaging_product is required.")
        }
        if let recipient = request["recipient_type"]?.text, recipient != "individual" {
            throw GraphFailure(131009, "recipient_type \(recipient) is not supported")
        }
        if let data = request["biz_opaque_callback_data"] {
            guard let text = data.text else { throw GraphFailure(131009, "biz_opaque_callback_data must be a string") }
            guard text.count <= 512 else { throw GraphFailure(100, "Param biz_opaque_callback_data must be at most 512 characters long.") }
        }
        if let context = request["context"], (context["message_id"]?.text ?? "").isEmpty {
            throw GraphFailure(131009, "context.message_id is required")
        }
        let type = request["type"]?.text?.lowercased() ?? "text"
        guard let content = request[type] else {
            let known = media.union(["text", "template", "interactive", "reaction", "location", "contacts"])
            throw known.contains(type)
                ? GraphFailure(131008, "The parameter \(type) is required.") : GraphFailure(131051, "Message type \(type) is not supported")
        }
        switch type {
        case "text":
            guard let body = content["body"]?.text, !body.isEmpty else {
                throw GraphFailure(131008, "The parameter text.body is required.")
            }
            guard body.count <= 4_096 else { throw GraphFailure(100, "Param text['body'] must be at most 4096 characters long.") }
        case "template":
            guard content["name"]?.text != nil, content["language"]?["code"]?.text != nil else {
                throw GraphFailure(131008, "The parameters template.name and template.language.code are required.")
            }
        case "reaction":
            guard content["message_id"]?.text != nil else { throw GraphFailure(131008, "The parameter reaction.message_id is required.") }
        case "interactive":
            guard content["type"]?.text != nil else { throw GraphFailure(131008, "The parameter interactive.type is required.") }
        case "location":
            guard content["latitude"]?.number != nil, content["longitude"]?.number != nil else {
                throw GraphFailure(131008, "The parameters location.latitude and location.longitude are required.")
            }
        case "contacts":
            guard content.elements?.isEmpty == false else { throw GraphFailure(131008, "The parameter contacts is required.") }
        default:
            guard media.contains(type) else { throw GraphFailure(131051, "Message type \(type) is not supported") }
            guard (content["id"]?.text == nil) != (content["link"]?.text == nil) else {
                throw GraphFailure(131008, "\(type): one of id and link is required")
            }
        }
        return type
    }
}
