/// What may be done after an error.
public enum ErrorClass: String, Sendable, Codable, CaseIterable {
    /// Refused before acceptance: the same request may be sent again.
    case safeRetry
    /// It may have happened: look first, never repeat blindly.
    case reconcile
    /// Refused until a time or an event.
    case wait
    /// Input, configuration or money has to be put right first.
    case fix
    /// Never again for this message and recipient.
    case never
    /// A person, or Meta, has to act.
    case human
}

/// Where an error came up. A code can mean different things on different edges.
public enum ErrorScope: String, Sendable, Codable, CaseIterable {
    case send
    case media
    case template
    case register
    case manage
}

/// What Relevo does about an error, beyond its class.
public enum ErrorAction: String, Sendable, Codable, CaseIterable {
    case none
    /// Push back the number's lane and halve its burst; costs no attempt.
    case slowLane
    /// Postpone this recipient of this number only.
    case slowPair
    /// Stop this number until a person has looked.
    case stopSender
    /// Stop every number of the WABA until a person has looked.
    case stopWABA
    /// Stop management calls for the WABA until the time is over.
    case pauseManagement
    /// Stop what sends this template.
    case holdTemplate
    /// Send nothing more to the recipient until it was verified again.
    case holdRecipient
    /// Send the recipient no more marketing.
    case suppressMarketing
    /// The wished state is there already: go on.
    case treatAsDone
    /// Read the number's state before anything else.
    case readState
}

/// The verdict on one error.
public struct ErrorVerdict: Sendable, Equatable {
    public var errorClass: ErrorClass
    public var action: ErrorAction
    /// How long to wait at least; nil when the rule names no time.
    public var wait: Duration?
    /// What happened and what to do, in plain words.
    public var advice: String
    /// False when no rule knows the code.
    public var isKnown: Bool

    public init(errorClass: ErrorClass, action: ErrorAction, wait: Duration?, advice: String, isKnown: Bool) {
        self.errorClass = errorClass
        self.action = action
        self.wait = wait
        self.advice = advice
        self.isKnown = isKnown
    }
}

/// One line of the error table.
public struct ErrorRule: Sendable, Codable, Equatable {
    /// First and last code it covers.
    public var code: ClosedRange<Int>
    /// Nil covers every subcode; a rule with a subcode wins over one without.
    public var subcode: Int?
    /// Nil covers every scope; a rule with a scope wins over one without.
    public var scope: ErrorScope?
    public var errorClass: ErrorClass
    public var action: ErrorAction
    /// Seconds to wait at least.
    public var waitSeconds: Int?
    /// What happened and what to do.
    public var advice: String

    public init(
        _ code: ClosedRange<Int>, subcode: Int? = nil, scope: ErrorScope? = nil, _ errorClass: ErrorClass, action: ErrorAction = .none,
        wait: Int? = nil, _ advice: String
    ) {
        self.code = code
        self.subcode = subcode
        self.scope = scope
        self.errorClass = errorClass
        self.action = action
        waitSeconds = wait
        self.advice = advice
    }

    public init(
        _ code: Int, subcode: Int? = nil, scope: ErrorScope? = nil, _ errorClass: ErrorClass, action: ErrorAction = .none,
        wait: Int? = nil, _ advice: String
    ) {
        self.init(code...code, subcode: subcode, scope: scope, errorClass, action: action, wait: wait, advice)
    }
}
