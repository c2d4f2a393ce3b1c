import Foundation

/// Fills a template's parameters from the examples its author gave Meta, for a test message.
public enum TemplateExamples {
    /// The `components` of a template message as JSON text; nil when the template has no parameters.
    ///
    /// Throws `TemplateError` when a parameter has no example, as Meta requires one for each.
    public static func components(of template: Template) throws -> String? {
        var components: [JSONTree] = []
        for component in JSONTree(text: template.components)?.elements ?? [] {
            switch component["type"]?.text?.uppercased() {
            case "HEADER": if let header = try header(component, template) { components.append(header) }
            case "BODY": if let body = try body(component, template) { components.append(body) }
            case "BUTTONS": components += try buttons(component, template)
            default: continue
            }
        }
        return components.isEmpty ? nil : JSONTree.array(components).json
    }

    /// The names between `{{` and `}}`, in order of appearance, each once.
    static func variables(in text: String) -> [String] {
        var names: [String] = []
        for match in text.matches(of: /\{\{\s*([A-Za-z0-9_]+)\s*\}\}/) where !names.contains(String(match.1)) {
            names.append(String(match.1))
        }
        return names
    }

    private static func header(_ component: JSONTree, _ template: Template) throws -> JSONTree? {
        let format = component["format"]?.text?.lowercased() ?? "text"
        let example = component["example"]
        switch format {
        case "text":
            let values = example?["header_text"]?.elements?.compactMap(\.text) ?? []
            let parameters = try texts(component["text"]?.text ?? "", values, example?["header_text_named_params"], template, "header")
            return parameters.isEmpty ? nil : .object(["type": .string("header"), "parameters": .array(parameters)])
        case "image", "video", "document":
            guard let link = example?["header_handle"]?.elements?.first?.text, link.hasPrefix("http") else {
                throw TemplateError(
                    .noExample, "template \(template.key) has no example for its \(format) header; send a test message by hand")
            }
            return .object([
                "type": .string("header"),
                "parameters": .array([.object(["type": .string(format), format: .object(["link": .string(link)])])]),
            ])
        default:
            throw TemplateError(
                .noExample, "template \(template.key) has a \(format) header, which has no example; send a test message by hand")
        }
    }

    private static func body(_ component: JSONTree, _ template: Template) throws -> JSONTree? {
        let example = component["example"]
        let rows = example?["body_text"]?.elements ?? []
        // Documented as a list of lists; a flat list is seen as well.
        let values = (rows.first?.elements ?? rows).compactMap(\.text)
        let parameters = try texts(component["text"]?.text ?? "", values, example?["body_text_named_params"], template, "body")
        return parameters.isEmpty ? nil : .object(["type": .string("body"), "parameters": .array(parameters)])
    }

    private static func texts(_ text: String, _ values: [String], _ named: JSONTree?, _ template: Template, _ place: String) throws
        -> [JSONTree]
    {
        let names = variables(in: text)
        let byName = Dictionary(
            (named?.elements ?? []).compactMap { entry in entry["param_name"]?.text.map { ($0, entry["example"]?.text ?? "") } },
            uniquingKeysWith: { first, _ in first })
        return try names.enumerated().map { index, name in
            if template.parameterFormat == "NAMED", let value = byName[name] {
                return .object(["type": .string("text"), "parameter_name": .string(name), "text": .string(value)])
            }
            guard index < values.count else {
                throw TemplateError(
                    .noExample, "template \(template.key) has no example for {{\(name)}} in its \(place); send a test message by hand")
            }
            return .object(["type": .string("text"), "text": .string(values[index])])
        }
    }

    private static func buttons(_ component: JSONTree, _ template: Template) throws -> [JSONTree] {
        try (component["buttons"]?.elements ?? []).enumerated().compactMap { index, button in
            let type = button["type"]?.text?.uppercased()
            let example = button["example"]?.elements?.first?.text ?? button["example"]?.text
            let parameter: JSONTree
            switch type {
            case "URL":
                guard let url = button["url"]?.text, !variables(in: url).isEmpty else { return nil }
                guard let example else { throw TemplateError(.noExample, "template \(template.key) has no example for its URL button") }
                // The example is the whole address or only the variable's value.
                let prefix = url.prefix(upTo: url.firstRange(of: "{{")?.lowerBound ?? url.endIndex)
                let value = example.hasPrefix(prefix) ? String(example.dropFirst(prefix.count)) : example
                parameter = .object(["type": .string("text"), "text": .string(value)])
            case "COPY_CODE":
                guard let example else {
                    throw TemplateError(.noExample, "template \(template.key) has no example for its copy-code button")
                }
                parameter = .object(["type": .string("coupon_code"), "coupon_code": .string(example)])
            default: return nil
            }
            return .object([
                "type": .string("button"), "sub_type": .string(type == "URL" ? "url" : "copy_code"), "index": .string("\(index)"),
                "parameters": .array([parameter]),
            ])
        }
    }
}
