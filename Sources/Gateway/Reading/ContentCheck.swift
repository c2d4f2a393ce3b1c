import CloudAPI

/// Checks what the kinds of messages must hold, so that a caller learns at once what Meta would say later. Kinds that are not known here
/// are left to Meta.
struct ContentCheck {
    let body: JSONValue

    func check(_ kind: String) throws(GatewayRefusal) {
        switch kind {
        case "text": try text()
        case "template": try template()
        case "image", "video", "audio", "document", "sticker": try media(kind)
        case "location": try location()
        case "contacts": try contacts()
        case "interactive": try interactive()
        case "reaction": try reaction()
        default: break
        }
    }

    private func content(_ kind: String) throws(GatewayRefusal) -> JSONValue {
        guard let content = body[kind] else { throw .missing("\(kind) is missing; a message of type \(kind) needs it") }
        guard content.object != nil else { throw .invalid("\(kind) is \(content.shape); expected an object") }
        return content
    }

    private func text() throws(GatewayRefusal) {
        let content = try content("text")
        guard let value = content["body"] else { throw .missing("text.body is missing; expected 1 to 4096 characters") }
        guard let text = value.string else { throw .invalid("text.body is \(value.shape); expected text") }
        guard !text.isEmpty else { throw .missing("text.body is empty; expected 1 to 4096 characters") }
        guard text.count <= CheckedBody.maximumText else {
            throw .invalid("text.body has \(text.count) characters; expected at most \(CheckedBody.maximumText)")
        }
    }

    private func template() throws(GatewayRefusal) {
        let content = try content("template")
        guard let name = content["name"] else { throw .missing("template.name is missing") }
        guard let text = name.string, (1...512).contains(text.count), !text.utf8.contains(0) else {
            throw .invalid("template.name is \(name.excerpt); expected a name of 1 to 512 characters")
        }
        guard let language = content["language"] else { throw .missing("template.language is missing; expected {\"code\":\"en_US\"}") }
        guard let code = language["code"] else { throw .missing("template.language.code is missing; expected a language such as en_US") }
        guard let text = code.string, (2...20).contains(text.count), !text.utf8.contains(0) else {
            throw .invalid("template.language.code is \(code.excerpt); expected a language such as en_US")
        }
        guard let components = content["components"] else { return }
        guard let list = components.elements else { throw .invalid("template.components is \(components.shape); expected a list") }
        for (place, component) in list.enumerated() where component != .null {
            guard component.object != nil else {
                throw .invalid("template.components[\(place)] is \(component.shape); expected an object")
            }
            guard component["type"]?.string?.isEmpty == false else { throw .missing("template.components[\(place)].type is missing") }
            if let parameters = component["parameters"], parameters.elements == nil {
                throw .invalid("template.components[\(place)].parameters is \(parameters.shape); expected a list")
            }
        }
    }

    private func media(_ kind: String) throws(GatewayRefusal) {
        let content = try content(kind)
        switch (content["id"], content["link"]) {
        case (nil, nil): throw .missing("\(kind) has neither id nor link; expected one of them")
        case (.some, .some): throw .invalid("\(kind) has both id and link; expected one of them")
        case (let id?, nil):
            guard let text = id.text, !text.isEmpty else { throw .invalid("\(kind).id is \(id.excerpt); expected a media id") }
        case (nil, let link?):
            guard let text = link.string?.lowercased(), text.hasPrefix("https://") || text.hasPrefix("http://") else {
                throw .badValue("\(kind).link is \(link.excerpt); expected an address with http:// or https://")
            }
        }
        if let caption = content["caption"]?.string, caption.count > 1024 {
            throw .invalid("\(kind).caption has \(caption.count) characters; expected at most 1024")
        }
    }

    private func location() throws(GatewayRefusal) {
        let content = try content("location")
        for (name, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
            guard let value = content[name] else { throw .missing("location.\(name) is missing") }
            guard let degrees = value.double, degrees.isFinite, abs(degrees) <= limit else {
                throw .badValue("location.\(name) is \(value.excerpt); expected degrees from -\(Int(limit)) to \(Int(limit))")
            }
        }
    }

    private func contacts() throws(GatewayRefusal) {
        guard let value = body["contacts"] else { throw .missing("contacts is missing; a message of type contacts needs it") }
        guard let list = value.elements, !list.isEmpty else { throw .invalid("contacts is \(value.shape); expected a list with contacts") }
        for (place, contact) in list.enumerated() {
            guard let name = contact["name"], name.object != nil else { throw .missing("contacts[\(place)].name is missing") }
            guard name["formatted_name"]?.string?.isEmpty == false else {
                throw .missing("contacts[\(place)].name.formatted_name is missing")
            }
        }
    }

    private func interactive() throws(GatewayRefusal) {
        let content = try content("interactive")
        guard let type = content["type"] else { throw .missing("interactive.type is missing; expected button, list, cta_url, flow, …") }
        guard type.string?.isEmpty == false else { throw .invalid("interactive.type is \(type.excerpt); expected text") }
        guard let action = content["action"] else { throw .missing("interactive.action is missing") }
        guard action.object != nil else { throw .invalid("interactive.action is \(action.shape); expected an object") }
        if let text = content["body"]?["text"]?.string, text.count > CheckedBody.maximumText {
            throw .invalid("interactive.body.text has \(text.count) characters; expected at most \(CheckedBody.maximumText)")
        }
        if type.string == "button" {
            guard let buttons = action["buttons"]?.elements else {
                throw .missing("interactive.action.buttons is missing; expected 1 to 3")
            }
            guard (1...3).contains(buttons.count) else {
                throw .invalid("interactive.action.buttons has \(buttons.count) buttons; expected 1 to 3")
            }
        }
    }

    private func reaction() throws(GatewayRefusal) {
        let content = try content("reaction")
        guard content["message_id"]?.string?.isEmpty == false else { throw .missing("reaction.message_id is missing; expected a wamid") }
        // An empty emoji takes the reaction back.
        guard let emoji = content["emoji"] else { throw .missing("reaction.emoji is missing; expected an emoji, or \"\" to take it back") }
        guard emoji.string != nil else { throw .invalid("reaction.emoji is \(emoji.shape); expected text") }
    }
}
