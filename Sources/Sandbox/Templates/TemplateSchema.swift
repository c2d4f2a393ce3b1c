/// What a template demands of the messages made from it.
struct TemplateSchema {
    private let seed: TemplateSeed
    private let components: [JSON]

    init(_ seed: TemplateSeed) {
        self.seed = seed
        components = seed.components.elements ?? []
    }

    private func component(_ type: String) -> JSON? { components.first { $0["type"]?.text?.uppercased() == type } }

    private func variables(_ text: String?) -> [String] {
        var names: [String] = []
        for match in (text ?? "").matches(of: /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/) where !names.contains(String(match.1)) {
            names.append(String(match.1))
        }
        return names
    }

    /// Whether every variable of header and body has an example, as Meta demands of a new template.
    var hasExamples: Bool {
        let body = component("BODY")
        let header = component("HEADER")
        return (variables(body?["text"]?.text).isEmpty || body?["example"] != nil)
            && (variables(header?["text"]?.text).isEmpty || header?["example"] != nil)
    }

    /// Checks the components of a message. Throws the code Meta would give.
    func check(_ sent: JSON?) throws {
        var parts: [String: JSON] = [:]
        var buttons: [Int: JSON] = [:]
        for part in sent?.elements ?? [] {
            let type = part["type"]?.text?.lowercased() ?? ""
            switch type {
            case "header", "body": parts[type] = part
            case "button": buttons[part["index"]?.integer ?? -1] = part
            case "carousel", "limited_time_offer", "order_status", "order_details": return
            default: throw GraphFailure(132018, "components: \"\(type)\" is not a component type")
            }
        }
        try checkHeader(parts["header"])
        try checkBody(parts["body"])
        try checkButtons(buttons)
    }

    private func checkHeader(_ part: JSON?) throws {
        let header = component("HEADER")
        let given = part?["parameters"]?.elements ?? []
        let format = header?["format"]?.text?.lowercased() ?? "text"
        if header != nil, ["image", "video", "document", "location"].contains(format) {
            guard given.count == 1 else {
                throw GraphFailure(132012, "header: Format mismatch, expected \(format.uppercased()), received UNKNOWN")
            }
            guard given[0]["type"]?.text?.lowercased() == format, given[0][format] != nil else {
                throw GraphFailure(132012, "header: Format mismatch, expected \(format.uppercased())")
            }
        } else {
            try checkTexts(given, variables(header?["text"]?.text), "header")
        }
    }

    private func checkBody(_ part: JSON?) throws {
        let body = component("BODY")
        // Meta writes the text of authentication templates: its one variable is the code.
        let names = seed.category == "AUTHENTICATION" && body?["text"] == nil ? ["1"] : variables(body?["text"]?.text)
        try checkTexts(part?["parameters"]?.elements ?? [], names, "body")
    }

    private func checkTexts(_ given: [JSON], _ names: [String], _ place: String) throws {
        guard given.count == names.count else {
            throw GraphFailure(
                132000,
                "\(place): number of localizable_params (\(given.count)) does not match the expected number of params (\(names.count))")
        }
        var seen: Set<String> = []
        for parameter in given {
            let type = parameter["type"]?.text?.lowercased() ?? ""
            guard ["text", "currency", "date_time"].contains(type) else {
                throw GraphFailure(132012, "\(place): a parameter of type \"\(type)\" does not fit")
            }
            if type == "text", (parameter["text"]?.text ?? "").isEmpty {
                throw GraphFailure(131008, "\(place): parameter text is required")
            }
            guard seed.parameterFormat == "NAMED" else { continue }
            guard let name = parameter["parameter_name"]?.text, names.contains(name), seen.insert(name).inserted else {
                throw GraphFailure(132012, "\(place): a parameter name is missing or invalid")
            }
        }
    }

    private func checkButtons(_ sent: [Int: JSON]) throws {
        let buttons = component("BUTTONS")?["buttons"]?.elements ?? []
        for index in sent.keys where !buttons.indices.contains(index) {
            throw GraphFailure(132018, "buttons: the template has no button at index \(index)")
        }
        for (index, button) in buttons.enumerated() {
            let type = button["type"]?.text?.uppercased() ?? ""
            let needs = type == "COPY_CODE" || type == "OTP" || (type == "URL" && !variables(button["url"]?.text).isEmpty)
            let count = sent[index]?["parameters"]?.elements?.count ?? 0
            if needs && count != 1 {
                throw GraphFailure(132000, "buttons: button at index \(index) of type \(type) requires a parameter")
            }
        }
    }
}
