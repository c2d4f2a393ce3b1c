import Foundation

/// A page of a list.
public struct GraphPage<Element: Sendable>: Sendable {
    public var elements: [Element]
    /// Cursor of the next page; nil on the last. Meta sends an `after` cursor on the last page too: only `next` says there is more.
    public var next: String?

    init?(_ json: JSONValue, _ read: (JSONValue) -> Element?) {
        guard let data = json["data"]?.elements else { return nil }
        elements = data.compactMap(read)
        guard let address = json["paging"]?["next"]?.text else { return }
        guard let cursor = json["paging"]?["cursors"]?["after"]?.text ?? Self.cursor(in: address) else { return nil }
        next = cursor
    }

    /// The `after` of a next page's address, for lists that give no cursors beside it.
    private static func cursor(in address: String) -> String? {
        address.split(separator: "?").last?.split(separator: "&").first { $0.hasPrefix("after=") }?.dropFirst(6).description
            .removingPercentEncoding
    }

    init(elements: [Element], next: String?) {
        self.elements = elements
        self.next = next
    }
}

/// A template of a WABA. The components are kept as they came.
public struct TemplateNode: Sendable, Codable, Equatable {
    public var id: String
    public var name: String
    public var language: String
    /// Open, upper case.
    public var status: String
    public var category: String
    /// Open: `GREEN`, `YELLOW`, `RED`, `UNKNOWN`; nil when Meta gave none.
    public var quality: String?
    public var parameterFormat: String?
    public var rejectedReason: String?
    public var components: JSONValue
    public var raw: JSONValue

    /// Nil without name or language.
    public init?(_ json: JSONValue) {
        guard let name = json["name"]?.text, let language = json["language"]?.text ?? json["language"]?["code"]?.text else { return nil }
        self.name = name
        self.language = TemplateLanguage.apiForm(language)
        id = json["id"]?.text ?? ""
        status = json["status"]?.text?.uppercased() ?? "UNKNOWN"
        category = json["category"]?.text?.uppercased() ?? ""
        quality = json["quality_score"]?["score"]?.text ?? json["quality_score"]?.text
        parameterFormat = json["parameter_format"]?.text
        rejectedReason = json["rejected_reason"]?.text
        components = json["components"] ?? []
        raw = json
    }

    public static let usualFields = [
        "id", "name", "language", "status", "category", "components", "parameter_format", "quality_score", "rejected_reason",
    ]
}

/// The answer to a new template.
public struct CreatedTemplate: Sendable, Codable, Equatable {
    public var id: String
    public var status: String
    /// May differ from the category asked for.
    public var category: String

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.text else { return nil }
        self.id = id
        status = json["status"]?.text?.uppercased() ?? "PENDING"
        category = json["category"]?.text?.uppercased() ?? ""
    }
}

/// The answer to a template copy.
public struct MigratedTemplates: Sendable, Codable, Equatable {
    /// Of which WABA the ids are, Meta does not say: compare by name and language.
    public var migrated: [String]
    /// Id in the source WABA to Meta's reason.
    public var failed: [String: String]
    public var raw: JSONValue

    /// Takes `failed_templates` as a map, a list of objects, of one-entry maps or of ids; nil when neither list is there.
    public init?(_ json: JSONValue) {
        guard json["migrated_templates"] != nil || json["failed_templates"] != nil else { return nil }
        migrated = (json["migrated_templates"]?.elements ?? []).compactMap { $0.text ?? $0["id"]?.text }
        failed = [:]
        raw = json
        for member in json["failed_templates"]?.object?.members ?? [] { failed[member.name] = Self.reason(member.value) }
        for entry in json["failed_templates"]?.elements ?? [] {
            if let id = entry.text ?? entry["id"]?.text ?? entry["template_id"]?.text {
                failed[id] = Self.reason(entry)
            } else {
                for member in entry.object?.members ?? [] { failed[member.name] = Self.reason(member.value) }
            }
        }
    }

    private static func reason(_ json: JSONValue) -> String {
        if let text = json.string { return text }
        for name in ["reason", "error_user_msg", "message", "error_message", "error", "description"] {
            if let text = json[name]?.text { return text }
        }
        return json.object == nil ? "no reason given" : String(decoding: json.encoded(), as: UTF8.self)
    }
}
