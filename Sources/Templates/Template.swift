/// What identifies a template within a WABA. Ids differ between WABAs; name and language do not.
public struct TemplateKey: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
    public var name: String
    /// As the API writes it: `en_US`.
    public var language: String

    /// - Parameter language: `en_US`, or `en-US` as webhooks write it.
    public init(name: String, language: String) {
        self.name = name
        self.language = Self.language(language)
    }

    /// `en-US` and `EN_us` as `en_US`; a bare `en` stays.
    public static func language(_ text: String) -> String {
        let parts = text.split(whereSeparator: { $0 == "-" || $0 == "_" })
        guard let first = parts.first else { return text }
        let rest = parts.dropFirst().map { $0.count <= 3 ? $0.uppercased() : String($0) }
        return ([first.lowercased()] + rest).joined(separator: "_")
    }

    public static func < (left: Self, right: Self) -> Bool { (left.name, left.language) < (right.name, right.language) }

    public var description: String { "\(name):\(language)" }
}

/// A message template as a WABA holds it.
public struct Template: Codable, Sendable, Equatable {
    public var key: TemplateKey
    /// The id in this WABA.
    public var id: String
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, …: an open set, upper case.
    public var status: String
    /// `UTILITY`, `MARKETING`, `AUTHENTICATION`: an open set, upper case.
    public var category: String
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    public var quality: String
    /// `POSITIONAL` or `NAMED`; nil when Meta does not say.
    public var parameterFormat: String?
    public var rejectedReason: String?
    /// The JSON array of components as Meta sent it.
    public var components: String

    public init(
        key: TemplateKey, id: String, status: String, category: String, quality: String? = nil, parameterFormat: String? = nil,
        rejectedReason: String? = nil, components: String
    ) {
        self.key = key
        self.id = id
        self.status = status.uppercased()
        self.category = category.uppercased()
        let score = quality?.uppercased() ?? "UNKNOWN"
        self.quality = score == "NA" || score == "N/A" || score.isEmpty ? "UNKNOWN" : score
        self.parameterFormat = parameterFormat?.uppercased()
        let reason = rejectedReason?.uppercased()
        self.rejectedReason = reason == "NONE" ? nil : reason
        self.components = components
    }

    /// The part that recipients see, in one form whatever the order and case of its JSON.
    public var content: TemplateContent { TemplateContent(components: components, parameterFormat: parameterFormat) }
}
