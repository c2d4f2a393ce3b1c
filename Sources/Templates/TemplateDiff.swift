/// What two WABAs hold, set side by side by name and language. Pure.
public struct TemplateDiff: Codable, Sendable, Equatable {
    /// A template and what is to be said about it.
    public struct Note: Codable, Sendable, Equatable {
        public var key: TemplateKey
        /// A status, a category, or the code of a reason.
        public var code: String
        public var detail: String

        public init(key: TemplateKey, code: String, detail: String) {
            self.key = key
            self.code = code
            self.detail = detail
        }
    }

    /// Eligible templates of the source.
    public var eligible = 0
    /// Eligible, in the destination with the same content, and usable or under review.
    public var same: [TemplateKey] = []
    /// Eligible, but not in the destination.
    public var missing: [TemplateKey] = []
    /// In both, with other content. `code` is `content`; `detail` names the components.
    public var different: [Note] = []
    /// In the destination and rejected there. `detail` is Meta's reason.
    public var rejected: [Note] = []
    /// In the destination, but paused, disabled, archived or on its way out. `code` is the status.
    public var unusable: [Note] = []
    /// Subset of `same` that Meta has not approved yet.
    public var pending: [TemplateKey] = []
    /// In both, in another category: the price and the pacing rules change. Does not hold up a copy.
    public var recategorised: [Note] = []
    /// In the source, but Meta does not copy it, and the destination does not have it. `code` and `detail` say why.
    public var ineligible: [Note] = []
    /// Only in the destination.
    public var extra: [TemplateKey] = []

    static let inReview: Set<String> = ["PENDING", "IN_APPEAL"]
    static let usable: Set<String> = ["APPROVED", "FLAGGED", "REINSTATED"]

    /// Compares `source` with `destination`. Lists are sorted, so that equal inputs give equal diffs.
    public init(source: [Template], destination: [Template]) {
        let there = Dictionary(destination.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let here = Set(source.map(\.key))
        for template in source.sorted(by: { $0.key < $1.key }) {
            let key = template.key
            if case .ineligible(let code, let reason) = template.eligibility {
                if there[key] == nil { ineligible.append(Note(key: key, code: code, detail: reason)) }
                continue
            }
            eligible += 1
            guard let copy = there[key] else {
                missing.append(key)
                continue
            }
            if copy.category != template.category {
                recategorised.append(
                    Note(key: key, code: copy.category, detail: "\(template.category) in the source, \(copy.category) in the destination"))
            }
            let parts = template.content.differences(from: copy.content)
            if !parts.isEmpty {
                different.append(Note(key: key, code: "content", detail: parts.joined(separator: ", ")))
            } else if copy.status == "REJECTED" {
                rejected.append(Note(key: key, code: "REJECTED", detail: copy.rejectedReason ?? "no reason given"))
            } else if Self.usable.contains(copy.status) {
                same.append(key)
            } else if Self.inReview.contains(copy.status) {
                same.append(key)
                pending.append(key)
            } else {
                unusable.append(Note(key: key, code: copy.status, detail: "status is \(copy.status) in the destination"))
            }
        }
        extra = destination.map(\.key).filter { !here.contains($0) }.sorted()
    }
}
