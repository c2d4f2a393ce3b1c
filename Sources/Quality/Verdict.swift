/// What the signals call for.
public enum Decision: String, Sendable, Codable {
    /// On to the next size.
    case go
    /// The same size again: not enough is known, or not enough arrived.
    case stay
    /// Nothing for a while.
    case hold
    /// Nothing until a person says so.
    case stop
}

/// A decision with its reason.
public struct Verdict: Sendable, Equatable, Codable {
    public var decision: Decision
    public var code: String
    public var reason: String

    public init(_ decision: Decision, _ code: String, _ reason: String) {
        self.decision = decision
        self.code = code
        self.reason = reason
    }
}

extension Verdict {
    /// Judges signals. The first rule that applies decides, the gravest first.
    public static func judge(_ signals: Signals, _ settings: RebuildSettings) -> Verdict {
        template(status: signals.templateStatus, quality: signals.quality, stopsOnly: true)
            ?? number(signals) ?? bad(signals, settings)
            ?? template(status: signals.templateStatus, quality: signals.quality, stopsOnly: false)
            ?? pacing(signals) ?? failures(signals, settings) ?? progress(signals, settings)
            ?? Verdict(.go, "clean", signals.moment == .before ? "nothing speaks against the step" : "no bad signal")
    }

    /// What the template alone calls for; nil when nothing does.
    static func template(status: String, quality: String, stopsOnly: Bool = false) -> Verdict? {
        if status != "APPROVED" {
            return Verdict(
                .stop, "template_\(status.lowercased())", "the template is \(status); wait until Meta has it APPROVED again, then resume")
        }
        if quality == "RED" {
            return Verdict(.stop, "quality_red", "the template's quality is RED; change what is sent, or to whom, before resuming")
        }
        if quality == "YELLOW", !stopsOnly {
            return Verdict(.hold, "quality_yellow", "the template's quality is YELLOW: a pause, then half the size")
        }
        return nil
    }

    private static func number(_ signals: Signals) -> Verdict? {
        let codes = signals.step.failedCodes.keys.filter { Signals.restrictionCodes.contains($0) }.sorted()
        if let code = codes.first { return Verdict(.stop, "number_restricted", "Meta restricts the number or account (error \(code))") }
        guard let stopped = signals.senderStopped else { return nil }
        return Verdict(.hold, "sender_stopped", "the sender is stopped: \(stopped)")
    }

    private static func bad(_ signals: Signals, _ settings: RebuildSettings) -> Verdict? {
        guard SequentialTest(settings).verdict(delivered: signals.pooled.arrived, bad: signals.pooled.bad) == .failure else { return nil }
        return Verdict(
            .stop, "bad_events",
            "\(signals.pooled.bad) opt-outs or complaints on \(signals.pooled.arrived) delivered: more than \(percent(settings.tolerable)) can explain"
        )
    }

    private static func pacing(_ signals: Signals) -> Verdict? {
        let dropped = signals.step.failedCodes[132_015, default: 0]
        return dropped == 0
            ? nil : Verdict(.hold, "template_pacing", "Meta dropped \(dropped) messages of the step by template pacing (132015)")
    }

    private static func failures(_ signals: Signals, _ settings: RebuildSettings) -> Verdict? {
        let (failed, outcomes) = (signals.step.faults, signals.step.arrived + signals.step.faults)
        guard outcomes >= settings.leastOutcomes, Double(failed) > settings.failureShare * Double(outcomes) else { return nil }
        return Verdict(
            .hold, "failure_share", "\(failed) of \(outcomes) outcomes are failures; at most \(percent(settings.failureShare)) may be")
    }

    /// Whether the next size is earned; asked at the end of a step only.
    private static func progress(_ signals: Signals, _ settings: RebuildSettings) -> Verdict? {
        guard signals.moment == .after else { return nil }
        // List hygiene is not the template's fault: numbers without WhatsApp, people who have had enough marketing of anybody.
        let base = signals.step.submitted - signals.step.hygiene
        if base > 0, Double(signals.step.arrived) < settings.deliveredShare * Double(base) {
            return Verdict(
                .stay, "under_delivered",
                "\(signals.step.arrived) of \(base) delivered; \(percent(settings.deliveredShare)) are needed before the next size")
        }
        if base == 0 { return Verdict(.stay, "nothing_sent", "nothing of the step could be sent") }
        if signals.pooled.bad > 0,
            SequentialTest(settings).verdict(delivered: signals.pooled.arrived, bad: signals.pooled.bad) == .inconclusive
        {
            return Verdict(
                .stay, "inconclusive",
                "\(signals.pooled.bad) opt-outs or complaints on \(signals.pooled.arrived) delivered: too few to tell")
        }
        return nil
    }

    private static func percent(_ share: Double) -> String { "\((share * 1_000).rounded() / 10) %" }
}
