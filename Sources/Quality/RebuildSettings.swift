/// The times and thresholds of a rebuild. Meta documents neither the thresholds of template pacing nor the window of its feedback, so all
/// of these are ours; each says where it comes from. They are stored with the rebuild: a change of the defaults does not change one that is
/// under way.
public struct RebuildSettings: Sendable, Equatable, Codable {
    /// From the start of one day's step to the next, in hours of business time. One step a day, because quality follows from people's
    /// reactions, and marketing needs a day for most of them.
    public var stepHours: Double = 24
    /// The sends of a step are spread over this time from its start: pacing reacts to many messages in a short period (Meta, template
    /// pacing). 0 submits the whole step at once.
    public var spreadMinutes: Double = 600
    /// Portions a step is spread in, unless portions would hold more than `largestPortion`.
    public var portions: Int = 20
    public var largestPortion: Int = 200
    /// How often the signals are read while a step matures.
    public var watchMinutes: Double = 120
    /// After YELLOW, too many failures, or pacing: nothing goes out for this long, then at half the size.
    public var holdHours: Double = 24
    /// Clean days at half the size before the full size comes back.
    public var cleanSteps: Int = 2
    /// A held rebuild, or one that does not advance, asks for a person after this many days.
    public var patienceDays: Int = 3
    /// Share of a step that must have been delivered before the next size (SparkPost's automated warm-up).
    public var deliveredShare: Double = 0.9
    /// Share of failures, of outcomes, that holds the rebuild.
    public var failureShare: Double = 0.1
    /// Outcomes below which shares mean nothing: rates over small volumes stop ramps falsely.
    public var leastOutcomes: Int = 20
    /// Steps down when a person sets a rebuild going again after RED or too many bad events.
    public var stepsBack: Int = 3
    /// Wald's test of bad events (opt-outs, spam limits): tolerable and intolerable share, and the two error probabilities.
    public var tolerable: Double = 0.005
    public var intolerable: Double = 0.02
    public var falseAlarm: Double = 0.05
    public var missedAlarm: Double = 0.1

    public init() {}

    /// The defaults for a category: marketing draws more opt-outs than utility does.
    public static func standard(category: String) -> RebuildSettings {
        var settings = RebuildSettings()
        if category.uppercased() == "MARKETING" { (settings.tolerable, settings.intolerable) = (0.01, 0.03) }
        return settings
    }

    /// Throws `RebuildError.badValue` for settings that make no sense.
    func check() throws {
        let fits =
            stepHours > 0 && stepHours <= 24 * 30 && spreadMinutes >= 0 && spreadMinutes / 60 <= stepHours && (1...1_000).contains(portions)
            && (1...1_000).contains(largestPortion) && watchMinutes >= 1 && holdHours > 0 && holdHours <= 24 * 30 && cleanSteps >= 0
            && patienceDays >= 0 && (0...1).contains(deliveredShare) && (0...1).contains(failureShare) && leastOutcomes >= 1
            && stepsBack >= 0
            && tolerable > 0 && tolerable < intolerable && intolerable < 1 && falseAlarm > 0 && falseAlarm < 1 && missedAlarm > 0
            && missedAlarm < 1
        guard fits else {
            throw RebuildError(
                .badValue,
                "the rebuild's settings make no sense: times are positive, the spread fits into a step, shares lie between 0 and 1, and tolerable < intolerable"
            )
        }
    }

    public init(from decoder: any Decoder) throws {
        // A missing member has its default: a request gives only what differs, and stored settings may be older than a member.
        let box = try decoder.container(keyedBy: CodingKeys.self)
        let base = RebuildSettings()
        stepHours = try box.decodeIfPresent(Double.self, forKey: .stepHours) ?? base.stepHours
        spreadMinutes = try box.decodeIfPresent(Double.self, forKey: .spreadMinutes) ?? base.spreadMinutes
        portions = try box.decodeIfPresent(Int.self, forKey: .portions) ?? base.portions
        largestPortion = try box.decodeIfPresent(Int.self, forKey: .largestPortion) ?? base.largestPortion
        watchMinutes = try box.decodeIfPresent(Double.self, forKey: .watchMinutes) ?? base.watchMinutes
        holdHours = try box.decodeIfPresent(Double.self, forKey: .holdHours) ?? base.holdHours
        cleanSteps = try box.decodeIfPresent(Int.self, forKey: .cleanSteps) ?? base.cleanSteps
        patienceDays = try box.decodeIfPresent(Int.self, forKey: .patienceDays) ?? base.patienceDays
        deliveredShare = try box.decodeIfPresent(Double.self, forKey: .deliveredShare) ?? base.deliveredShare
        failureShare = try box.decodeIfPresent(Double.self, forKey: .failureShare) ?? base.failureShare
        leastOutcomes = try box.decodeIfPresent(Int.self, forKey: .leastOutcomes) ?? base.leastOutcomes
        stepsBack = try box.decodeIfPresent(Int.self, forKey: .stepsBack) ?? base.stepsBack
        tolerable = try box.decodeIfPresent(Double.self, forKey: .tolerable) ?? base.tolerable
        intolerable = try box.decodeIfPresent(Double.self, forKey: .intolerable) ?? base.intolerable
        falseAlarm = try box.decodeIfPresent(Double.self, forKey: .falseAlarm) ?? base.falseAlarm
        missedAlarm = try box.decodeIfPresent(Double.self, forKey: .missedAlarm) ?? base.missedAlarm
    }
}
