/// The content of a template in a canonical form: two templates with equal content look the same to a recipient.
///
/// Examples are left out: they are not shown, and media examples come back as addresses that change with every read. Header, body, footer
/// and buttons are compared whatever their order in the list; buttons and cards keep theirs.
public struct TemplateContent: Hashable, Sendable {
    /// Component type, upper case, to its canonical JSON; `parameter_format` under its own name.
    public let parts: [String: String]

    public init(components: String, parameterFormat: String?) {
        var parts: [String: String] = [:]
        if let parameterFormat { parts["parameter_format"] = parameterFormat.uppercased() }
        for component in JSONTree(text: components)?.elements ?? [] {
            // More than one of a type is not documented, but must not be lost.
            var name = component["type"]?.text?.uppercased() ?? "UNTYPED"
            while parts[name] != nil { name += "+" }
            parts[name] = Self.canonical(component)
        }
        self.parts = parts
    }

    /// One text, the same for the same content.
    public var digest: String {
        parts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "\n")
    }

    /// The names of the parts in which two contents differ, sorted. A parameter format that only one side gives is no difference.
    public func differences(from other: TemplateContent) -> [String] {
        Set(parts.keys).union(other.parts.keys).filter { name in
            let (left, right) = (parts[name], other.parts[name])
            if name == "parameter_format", left == nil || right == nil { return false }
            return left != right
        }.sorted()
    }

    /// Keys whose values name a kind, not a text: their case does not matter.
    private static let kinds: Set<String> = ["type", "format", "otp_type", "flow_action"]
    private static let ignored: Set<String> = ["example", "id"]

    static func canonical(_ value: JSONTree) -> String {
        switch value {
        case .object(let object):
            let members = object.filter { !ignored.contains($0.key) && !isEmpty($0.value) }.sorted { $0.key < $1.key }
            let texts = members.map { key, value -> String in
                if kinds.contains(key), let text = value.text { return quoted(key) + ":" + quoted(text.uppercased()) }
                return quoted(key) + ":" + canonical(value)
            }
            return "{" + texts.joined(separator: ",") + "}"
        case .array(let list): return "[" + list.map(canonical).joined(separator: ",") + "]"
        case .string(let text): return quoted(text.replacing("\r\n", with: "\n"))
        // A number and its text are one: pages disagree on which is sent.
        case .number(let text): return quoted(text)
        case .bool(let flag): return flag ? "true" : "false"
        case .null: return "null"
        }
    }

    /// Values that say the same as leaving the member out.
    private static func isEmpty(_ value: JSONTree) -> Bool {
        switch value {
        case .null, .bool(false), .string(""): true
        case .array(let list): list.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
