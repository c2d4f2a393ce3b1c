/// Where a number is on its way.
public enum NumberState: String, Codable, Sendable, CaseIterable {
    /// Armed; waits for its time.
    case scheduled
    /// A precondition does not hold; a person has to act. Looked at again by itself until the code is due.
    case blocked
    /// Waits for the verified copy of its templates.
    case waitingTemplates = "waiting_templates"
    /// Is being added to the destination.
    case adding
    /// A code was sent to the number; the client has to read it out.
    case awaitingCode = "awaiting_code"
    /// Verified; waits for the cut-over.
    case verified
    /// A gate holds the cut-over; the reason says which.
    case held
    /// A person has to carry out the planned step (Embedded Signup, coexistence, On-Premises).
    case awaitingPerson = "awaiting_person"
    /// Register has been decided on: there is only forward.
    case cuttingOver = "cutting_over"
    /// Registered; being set up and tested.
    case testing
    case done
    /// Stopped with a reason; later waves are held.
    case failed
    /// The planned time passed; needs `retry` or a new plan.
    case missed
    /// Called off by a person before register.
    case aborted

    /// Nothing will happen without a person or a new plan.
    public var isSettled: Bool { [.done, .failed, .missed, .aborted].contains(self) }
    /// Under way in a way a new plan must not disturb.
    public var isFixed: Bool { [.adding, .awaitingCode, .verified, .held, .awaitingPerson, .cuttingOver, .testing, .done].contains(self) }
}
