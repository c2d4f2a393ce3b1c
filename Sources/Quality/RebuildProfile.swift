/// How many recipients a template is sent to on the first day, the second, …
public struct RebuildProfile: Sendable, Equatable, Codable {
    public var name: String
    /// At least one; the last size repeats until everybody has been written to.
    public var steps: [Int]

    public static let largestStep = 100_000
    public static let mostSteps = 200

    /// For marketing templates: about ×1.5 a day. Meta documents no schedule; these are our defaults, close to the ×1.4 of automated IP
    /// warm-up at mail senders, for the same reason: a jump in volume is what draws a template's pacing.
    public static let marketing = RebuildProfile(
        name: "marketing_std", steps: [20, 30, 45, 65, 100, 150, 220, 330, 500, 750, 1_100, 1_650, 2_500, 3_750, 5_600, 8_400, 12_500])
    /// For utility and authentication templates: ×2 a day.
    public static let utility = RebuildProfile(
        name: "utility_std", steps: [25, 50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600])

    public static let builtIn = [marketing, utility]

    /// Sizes given by a person.
    public init(name: String = "custom", steps: [Int]) {
        self.name = name
        self.steps = steps
    }

    /// `marketing_std`, `utility_std`, or sizes separated by commas (`50,100,200`). Throws `RebuildError.badProfile`.
    public init(parsing text: String) throws {
        let text = text.trimmingPrefix { $0.isWhitespace }
        if let known = Self.builtIn.first(where: { $0.name == text.lowercased() }) {
            self = known
            return
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { !$0.isWhitespace } }
        let sizes = parts.compactMap { Int($0) }
        guard sizes.count == parts.count else {
            throw RebuildError(
                .badProfile,
                "profile \(String(text.prefix(60)).debugDescription) is not known; expected marketing_std, utility_std, or sizes: 50,100,200"
            )
        }
        self.init(steps: sizes)
        try check()
    }

    /// Throws `RebuildError.badProfile`.
    func check() throws {
        guard (1...Self.mostSteps).contains(steps.count) else {
            throw RebuildError(.badProfile, "a profile has 1 to \(Self.mostSteps) steps, this one has \(steps.count)")
        }
        guard let bad = steps.first(where: { !(1...Self.largestStep).contains($0) }) else { return }
        throw RebuildError(.badProfile, "a step has 1 to \(Self.largestStep) recipients, not \(bad)")
    }
}
