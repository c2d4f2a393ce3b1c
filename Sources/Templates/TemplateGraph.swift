public import Foundation

/// The calls the template work needs from the Cloud API.
public protocol TemplateGraph: Sendable {
    /// One page of `GET /{waba}/message_templates`. Throws `GraphTrouble`.
    func templates(of waba: String, after cursor: String?, limit: Int) async throws -> TemplatePage
    /// One `POST /{destination}/migrate_message_templates`. Throws `GraphTrouble`.
    func copyTemplates(_ request: TemplateCopyRequest) async throws -> TemplateCopyAnswer
}

/// A page of an inventory.
public struct TemplatePage: Sendable {
    public var templates: [Template]
    /// Where the next page begins; nil on the last.
    public var next: String?

    public init(templates: [Template], next: String?) {
        self.templates = templates
        self.next = next
    }

    /// Reads Meta's answer: `{"data":[…],"paging":{"cursors":{"after"},"next"}}`. Entries without name or language are left out.
    public init?(json: Data) {
        guard let tree = JSONTree(json), let data = tree["data"]?.elements else { return nil }
        templates = data.compactMap(Template.init(tree:))
        // Meta sends an `after` cursor on the last page too; only `next` says that there is more.
        next = tree["paging"]?["next"] == nil ? nil : tree["paging"]?["cursors"]?["after"]?.text
    }
}

extension Template {
    package init?(tree: JSONTree) {
        guard let name = tree["name"]?.text, let language = tree["language"]?.text ?? tree["language"]?["code"]?.text else { return nil }
        self.init(
            key: TemplateKey(name: name, language: language), id: tree["id"]?.text ?? "", status: tree["status"]?.text ?? "UNKNOWN",
            category: tree["category"]?.text ?? "", quality: tree["quality_score"]?["score"]?.text ?? tree["quality_score"]?.text,
            parameterFormat: tree["parameter_format"]?.text, rejectedReason: tree["rejected_reason"]?.text,
            components: tree["components"]?.json ?? "[]")
    }
}

/// Which templates one call copies.
public struct TemplateCopyRequest: Codable, Sendable, Equatable {
    public var source: String
    public var destination: String
    /// Page from 0, of `count` templates; nil when ids are named.
    public var page: Int?
    /// 1 to 500.
    public var count: Int?
    /// Ids in the source WABA, at most 500.
    public var ids: [String]?

    public init(source: String, destination: String, page: Int, count: Int) {
        self.source = source
        self.destination = destination
        self.page = page
        self.count = count
    }

    public init(source: String, destination: String, ids: [String]) {
        self.source = source
        self.destination = destination
        self.ids = ids
    }
}

/// What `migrate_message_templates` answers.
public struct TemplateCopyAnswer: Codable, Sendable, Equatable {
    /// Ids that were copied. Meta does not say of which WABA they are, so nothing is concluded from them.
    public var migrated: [String]
    /// Id in the source WABA to Meta's reason.
    public var failed: [String: String]

    public init(migrated: [String], failed: [String: String]) {
        self.migrated = migrated
        self.failed = failed
    }

    /// Reads every documented and observed form: `failed_templates` as a map, as a list of objects, of one-entry maps or of bare ids, and
    /// as `[]` or `{}` when empty; ids as strings or numbers; reasons as text or objects.
    public init?(json: Data) {
        guard let tree = JSONTree(json), tree.members != nil else { return nil }
        migrated = (tree["migrated_templates"]?.elements ?? []).compactMap { $0.text ?? $0["id"]?.text }
        failed = [:]
        for (id, reason) in tree["failed_templates"]?.members ?? [:] { failed[id] = Self.reason(reason) }
        for entry in tree["failed_templates"]?.elements ?? [] {
            if let id = entry.text {
                failed[id] = "no reason given"
            } else if let id = entry["id"]?.text ?? entry["template_id"]?.text {
                failed[id] = Self.reason(entry)
            } else {
                for (id, reason) in entry.members ?? [:] { failed[id] = Self.reason(reason) }
            }
        }
    }

    private static func reason(_ tree: JSONTree) -> String {
        if let text = tree.text { return text }
        for name in ["reason", "error_user_msg", "message", "error_message", "error", "description"] {
            if let value = tree[name] { return reason(value) }
        }
        return tree == .null ? "no reason given" : tree.json
    }
}
