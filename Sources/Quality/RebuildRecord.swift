public import Foundation
public import Templates

/// Where a rebuild is.
public enum RebuildState: String, Sendable, Codable, CaseIterable {
    /// Recipients are being stored; nothing goes out yet.
    case loading
    case running
    /// By rule, for a time: YELLOW, failures, pacing, a sender that is stopped.
    case held
    /// By a person.
    case paused
    /// By rule (RED, a template that is not APPROVED, too many bad events) or by a person; only a person sets it going again.
    case stopped
    /// Everybody has been written to.
    case done
}

/// A rebuild, for lists.
public struct RebuildRecord: Sendable, Encodable {
    public var id: Int64
    public var phoneNumberID: String
    public var waba: String
    public var template: TemplateKey
    public var category: String
    public var profile: String
    public var steps: [Int]
    public var state: RebuildState
    public var reasonCode: String?
    public var reason: String?
    public var needsPerson: Bool
    /// Days that have been begun.
    public var step: Int
    /// Size of the next one, before what is left of the recipients.
    public var nextSize: Int
    /// Business time; nil when no step is to come.
    public var nextStepAt: Date?
    /// Half the size, after a warning.
    public var reduced: Bool
    public var quality: String
    public var templateStatus: String
    public var recipients: Int
    public var waiting: Int
    public var submitted: Int
    public var refused: Int
    public var createdBy: String
    public var createdAt: Date
    public var updatedAt: Date
    public var endedAt: Date?
    /// The workflow run that carries it.
    public var runID: String?

    private enum CodingKeys: String, CodingKey {
        case id, phoneNumberID = "phone_number_id", waba = "waba_id", template, category, profile, steps, state, reasonCode = "reason_code",
            reason
        case needsPerson = "needs_person", step, nextSize = "next_size", nextStepAt = "next_step_at", reduced, quality
        case templateStatus = "template_status", recipients, waiting, submitted, refused, createdBy = "created_by", createdAt = "created_at"
        case updatedAt = "updated_at", endedAt = "ended_at", runID = "run_id"
    }
}

/// One day's step.
public struct RebuildStep: Sendable, Encodable {
    public var step: Int
    public var target: Int
    /// `sending`, `maturing`, `finished`, or `cut` when the rebuild stopped running meanwhile.
    public var state: String
    public var startedAt: Date
    public var endsAt: Date
    public var refused: Int
    /// Taken back from the queue before they were sent.
    public var withdrawn: Int
    public var counts: RebuildCounts
    /// What its end decided.
    public var decision: Decision?

    private enum CodingKeys: String, CodingKey {
        case step, target, state, startedAt = "started_at", endsAt = "ends_at", refused, withdrawn, counts, decision
    }
}

/// A stored verdict.
public struct RebuildVerdict: Sendable, Encodable {
    public var id: Int64
    public var step: Int
    public var moment: String
    public var decision: Decision
    public var code: String
    public var reason: String
    /// Everything it was derived from, as JSON text.
    public var inputs: String
    public var at: Date
}

/// What a person did.
public struct RebuildAction: Sendable, Encodable {
    public var action: String
    public var actor: String
    public var why: String
    public var at: Date
}

/// All of a rebuild, for its page.
public struct RebuildStatus: Sendable, Encodable {
    public var rebuild: RebuildRecord
    public var steps: [RebuildStep]
    /// The newest 200, newest first.
    public var verdicts: [RebuildVerdict]
    public var actions: [RebuildAction]
    /// Over all steps.
    public var total: RebuildCounts
}
