public import Foundation

/// How whole a copy is: the diff, what Meta refused, and the verdict a cut-over waits for.
///
/// A pair is verified when every eligible template of the source is in the destination with the same content and usable or under review,
/// except those Meta refused or rejected with a reason. Those are listed, never passed over.
public struct TemplateCopyReport: Codable, Sendable, Equatable {
    public var sourceWABA: String
    public var destWABA: String
    public var diff: TemplateDiff
    /// Templates Meta would not copy, or rejected after the copy, with its words.
    public var refused: [TemplateDiff.Note]
    /// Brought into the destination by Relevo, over all runs.
    public var copied: Int
    public var checkedAt: Date

    public init(
        sourceWABA: String, destWABA: String, diff: TemplateDiff, refusals: [TemplateDiff.Note], copied: Int, checkedAt: Date
    ) {
        self.sourceWABA = sourceWABA
        self.destWABA = destWABA
        self.diff = diff
        let missing = Set(diff.missing)
        // A refusal of something that is there after all ("already exists") says nothing.
        refused = (refusals.filter { missing.contains($0.key) } + diff.rejected).sorted { $0.key < $1.key }
        self.copied = copied
        self.checkedAt = checkedAt
    }

    /// Eligible, absent, and without a word from Meta.
    public var unexplained: [TemplateKey] {
        let explained = Set(refused.map(\.key))
        return diff.missing.filter { !explained.contains($0) }
    }

    public var verified: Bool { unexplained.isEmpty && diff.different.isEmpty && diff.unusable.isEmpty }

    /// Verified, with nothing left under review: what a cut-over needs.
    public var isReady: Bool { verified && diff.pending.isEmpty }

    /// What keeps the pair from being verified, template by template, and the way out of it; at most `limit` of each kind.
    public func advice(limit: Int = 5) -> [String] {
        func list(_ texts: [String], _ way: String) -> [String] {
            if texts.isEmpty { return [] }
            let more = texts.count > limit ? " and \(texts.count - limit) more" : ""
            return ["\(texts.prefix(limit).joined(separator: ", "))\(more): \(way)"]
        }
        return list(
            diff.unusable.map { "\($0.key) is \($0.code) in \(destWABA)" },
            "a pause ends by itself; otherwise appeal, or delete the template in \(destWABA), so that it is copied again, or in \(sourceWABA), so that it is not needed"
        )
            + list(
                diff.different.map { "\($0.key) has other content in \(destWABA) (\($0.detail))" },
                "make both the same, or delete the one in \(destWABA), so that it is copied again")
            + list(
                unexplained.map { "\($0) is missing in \(destWABA)" },
                "Meta has not shown it yet, or not said why; copied again at the next look, or create it there")
    }

    /// One sentence with the numbers.
    public var summary: String {
        var text = "\(diff.same.count) of \(diff.eligible) eligible templates verified in \(destWABA)"
        let parts = [
            (unexplained.count, "missing"), (diff.different.count, "with other content"), (diff.unusable.count, "not usable"),
            (refused.count, "refused by Meta"), (diff.pending.count, "under review"), (diff.ineligible.count, "not eligible"),
        ]
        for (count, what) in parts where count > 0 { text += ", \(count) \(what)" }
        return text
    }
}
