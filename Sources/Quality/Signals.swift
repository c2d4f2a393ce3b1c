/// Outcomes of the messages of a step, or of several.
public struct RebuildCounts: Sendable, Equatable, Codable {
    public var submitted = 0
    /// Not sent yet: waiting for their turn, or for a person to verify the recipient.
    public var queued = 0
    /// Delivered, not read.
    public var delivered = 0
    public var read = 0
    public var failed = 0
    /// Sent, and the answer lost.
    public var unknown = 0
    public var failedCodes: [Int: Int] = [:]

    public init() {}

    /// Reached the recipient.
    public var arrived: Int { delivered + read }
    /// Signs that people do not want the messages.
    public var bad: Int { sum(Signals.badCodes) }
    /// The list's fault.
    public var hygiene: Int { sum(Signals.hygieneCodes) }
    /// Failures that are neither.
    public var faults: Int { max(0, failed - bad - hygiene) }

    private func sum(_ codes: Set<Int>) -> Int { failedCodes.reduce(0) { codes.contains($1.key) ? $0 + $1.value : $0 } }

    public static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.submitted += right.submitted
        sum.queued += right.queued
        sum.delivered += right.delivered
        sum.read += right.read
        sum.failed += right.failed
        sum.unknown += right.unknown
        sum.failedCodes.merge(right.failedCodes, uniquingKeysWith: +)
        return sum
    }

    private enum CodingKeys: String, CodingKey { case submitted, queued, delivered, read, failed, unknown, failedCodes = "failed_codes" }

    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        submitted = try box.decode(Int.self, forKey: .submitted)
        queued = try box.decode(Int.self, forKey: .queued)
        delivered = try box.decode(Int.self, forKey: .delivered)
        read = try box.decode(Int.self, forKey: .read)
        failed = try box.decode(Int.self, forKey: .failed)
        unknown = try box.decode(Int.self, forKey: .unknown)
        failedCodes = try box.decode([Int: Int].self, forKey: .failedCodes)
    }
}

/// What a verdict is derived from.
public struct Signals: Sendable, Equatable, Codable {
    public enum Moment: String, Sendable, Codable {
        /// A step is about to begin.
        case before
        /// It is being sent, or its outcomes come in.
        case during
        /// It is over.
        case after
    }

    public var moment: Moment
    public var templateStatus: String
    public var quality: String
    /// Why the sender does not send; nil while it does.
    public var senderStopped: String?
    public var target: Int
    /// Of this step.
    public var step: RebuildCounts
    /// Of this step and those before it, since the size was last cut: small steps alone say too little.
    public var pooled: RebuildCounts

    public init(
        moment: Moment, templateStatus: String, quality: String, senderStopped: String? = nil, target: Int = 0,
        step: RebuildCounts = RebuildCounts(), pooled: RebuildCounts? = nil
    ) {
        self.moment = moment
        self.templateStatus = templateStatus
        self.quality = quality
        self.senderStopped = senderStopped
        self.target = target
        self.step = step
        self.pooled = pooled ?? step
    }

    /// 131050: the recipient has stopped marketing from this business.
    public static let badCodes: Set<Int> = [131_050]
    /// 131026: not reachable on WhatsApp. 131049, 130472: Meta spares the recipient marketing. They say nothing of the template.
    public static let hygieneCodes: Set<Int> = [131_026, 131_049, 130_472]
    /// 131048: too much of the number's traffic was reported as spam. 368: policy violation. 131031: account locked.
    public static let restrictionCodes: Set<Int> = [131_048, 368, 131_031]
}
