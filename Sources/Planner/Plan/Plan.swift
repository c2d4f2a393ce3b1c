public import Fleet

/// One piece of work with its time. Times are whole seconds since 1970.
public struct PlanTask: Sendable, Equatable {
    public enum Kind: String, Sendable { case templateCopy = "template_copy", otp, cutover }
    public enum State: String, Sendable { case planned, running, done, missed, failed }

    public var kind: Kind
    /// Nil for a copy.
    public var rowRef: String?
    /// Of a copy.
    public var sourceWABA: String?
    public var destWABA: String?
    public var operatorID: String?
    public var wave: Int?
    public var start: Int
    public var end: Int
    public var state = State.planned

    /// `copy:111>222`, `otp:A-1`, `cutover:A-1`.
    public var id: String {
        switch kind {
        case .templateCopy: "copy:\(sourceWABA ?? "")>\(destWABA ?? "")"
        case .otp: "otp:\(rowRef ?? "")"
        case .cutover: "cutover:\(rowRef ?? "")"
        }
    }
}

/// The levels of the objective, lower is better.
public struct PlanObjective: Sendable, Equatable {
    public var unplaced = 0
    public var lateness = 0
    public var disruption = 0
    public var changes = 0
    public var completion = 0

    /// The levels in the order in which they count.
    func levels(replanning: Bool) -> [Int] {
        replanning ? [unplaced, lateness, changes, disruption, completion] : [unplaced, lateness, disruption, changes, completion]
    }
}

/// Lower bounds that are proven; nil where none is.
public struct PlanBound: Sendable, Equatable {
    public var unplaced: Int?
    public var lateness: Int?
    public var disruption: Int?
    public var changes: Int?
    public var completion: Int?
}

/// Rows that are cut over together, before the next ones may follow.
public struct PlanWave: Sendable, Equatable {
    public var wave: Int
    public var rows: [String]
    public var firstStart: Int
    public var lastEnd: Int
}

/// A row without a place, and why.
public struct UnplacedRow: Sendable, Equatable {
    public struct Reason: Sendable, Equatable {
        public var code: String
        public var message: String
        /// Dropping any one of them would make the row placeable.
        public var constraints: [String]
    }

    public var rowRef: String
    public var reasons: [Reason]
}

/// A row that is cut over after its deadline, and why.
public struct LateRow: Sendable, Equatable {
    public var rowRef: String
    /// From the deadline to the local date of the cut-over's last instant.
    public var days: Int
    /// Dropping any one of a reason's constraints would make it possible to keep the deadline; when there are none, one change is not enough.
    public var reasons: [UnplacedRow.Reason]
}

/// What `relevo plan` writes: PLAN.json of CONTRACTS section 4.
public struct Plan: Sendable, Equatable {
    /// When it was planned: every time of the plan counts from here.
    public var now: Int
    public var settings: PlanningSettings
    public var seed: UInt64
    /// Cut short by a time limit; such a plan cannot be made again byte for byte.
    public var stoppedEarly = false
    public var objective = PlanObjective()
    public var bound = PlanBound()
    public var waves: [PlanWave] = []
    /// Sorted by start, then by id.
    public var tasks: [PlanTask] = []
    public var unplaced: [UnplacedRow] = []
    /// In the order of the fleet.
    public var late: [LateRow] = []
    public var rejected: [FleetProblem] = []
}
