public import Foundation

/// What the decision to register is made on, read in one transaction.
public struct GateFacts: Codable, Sendable, Equatable {
    /// An earlier wave of the same plan.
    public struct EarlierWave: Codable, Sendable, Equatable {
        public var wave: Int
        /// Numbers that are not done, aborted or missed.
        public var unfinished: Int
        /// Numbers that are done.
        public var done: Int
        /// The end of the last cut-over; nil when none was made.
        public var lastDoneAt: Date?
        /// A person has declared the wave good enough.
        public var released: Bool

        public init(wave: Int, unfinished: Int, done: Int, lastDoneAt: Date?, released: Bool) {
            self.wave = wave
            self.unfinished = unfinished
            self.done = done
            self.lastDoneAt = lastDoneAt
            self.released = released
        }
    }

    public var now: Date
    /// The end of the row's cut-over window in which `now` lies; nil outside all of them.
    public var windowEnd: Date?
    public var planState: String
    /// Nil: the row has no source, so there is nothing to copy.
    public var templatesVerified: Bool?
    /// Templates still under Meta's review in the destination.
    public var templatesPending: Int
    public var templatesSummary: String
    /// The reason of a freeze by a failure in an earlier wave.
    public var frozenBy: String?
    public var earlierWaves: [EarlierWave]
    /// Seconds an earlier wave is watched after its last cut-over.
    public var soakSeconds: Double
    /// Rows this one depends on that are not cut over.
    public var waitsFor: [String]
    /// Cut-overs running now, of all clients and of this one, with their caps.
    public var running: Int
    public var runningOfClient: Int
    public var cap: Int
    public var capOfClient: Int
    /// Register calls of the last 72 h.
    public var registerCalls: Int
}

/// Whether a number may be registered now. Pure.
public enum CutoverGate {
    /// What the gate says.
    public enum Verdict: Codable, Sendable, Equatable {
        case go
        /// Not now; look again at `until`, and no later than the window's end.
        case hold(code: String, reason: String, until: Date)
        /// The window is over.
        case missed(code: String, reason: String)
        /// Something a person must see to first.
        case stop(code: String, reason: String)
    }

    /// Meta allows 10 register calls per number in 72 h and then locks it; two are kept in reserve.
    public static let registerBudget = 8

    /// The gates, hardest first.
    public static func verdict(_ facts: GateFacts) -> Verdict {
        guard let windowEnd = facts.windowEnd else {
            return .missed(code: "outside_window", reason: "it is not within a cut-over window of this row")
        }
        func hold(_ code: String, _ reason: String, _ seconds: Double) -> Verdict {
            .hold(code: code, reason: reason, until: min(windowEnd, facts.now.addingTimeInterval(seconds)))
        }
        if facts.planState != "armed" { return hold("plan_not_armed", "the plan is \(facts.planState), not armed", 900) }
        if facts.registerCalls >= registerBudget {
            return .stop(
                code: "register_budget",
                reason: "\(facts.registerCalls) register calls in 72 hours; Meta locks a number at 10, so Relevo stops at \(registerBudget)"
            )
        }
        if facts.templatesVerified == false {
            return hold("templates_unverified", "template copy not verified: \(facts.templatesSummary)", 900)
        }
        if facts.templatesVerified == true, facts.templatesPending > 0 {
            return hold("templates_under_review", "\(facts.templatesPending) copied templates are still under Meta's review", 900)
        }
        if let reason = facts.frozenBy { return hold("wave_frozen", "frozen: \(reason)", 900) }
        for wave in facts.earlierWaves where !wave.released {
            if wave.unfinished > 0 {
                return hold("earlier_wave_running", "wave \(wave.wave) still has \(wave.unfinished) numbers on their way", 600)
            }
            guard let last = wave.lastDoneAt, wave.done > 0 else {
                return hold("earlier_wave_untested", "no number of wave \(wave.wave) has been moved, so nothing is known from it", 900)
            }
            let soaked = last.addingTimeInterval(facts.soakSeconds)
            if facts.now < soaked {
                let verdict = hold(
                    "soaking", "wave \(wave.wave) soaks until \(soaked.formatted(.iso8601))", soaked.timeIntervalSince(facts.now))
                return verdict
            }
        }
        if !facts.waitsFor.isEmpty { return hold("depends_on", "waits for \(facts.waitsFor.joined(separator: ", "))", 600) }
        if facts.running >= facts.cap { return hold("capacity", "\(facts.running) cut-overs are running, \(facts.cap) are allowed", 120) }
        if facts.runningOfClient >= facts.capOfClient {
            return hold(
                "client_capacity", "\(facts.runningOfClient) cut-overs of this client are running, \(facts.capOfClient) are allowed", 120)
        }
        return .go
    }
}
