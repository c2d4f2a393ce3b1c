import Foundation

/// The state machine of a rebuild: which size is next, and whether anything may go out. Pure; its owner stores it and carries it out.
struct Ramp: Sendable, Equatable {
    var steps: [Int]
    var state: RebuildState = .running
    /// Place in `steps` of the next size.
    var level = 0
    /// Half the size, after a warning.
    var reduced = false
    /// Clean steps since then.
    var clean = 0
    /// Steps in a row that did not advance.
    var stays = 0
    var holdUntil: Date?
    /// Since when it has been held without a step in between.
    var heldSince: Date?
    var reasonCode: String?
    var reason: String?
    var needsPerson = false
    /// Moves on whenever the rebuild stops running.
    var generation = 0

    /// Size of the next step.
    var size: Int {
        let full = steps.indices.contains(level) ? steps[level] : steps.last ?? 1
        return reduced ? max(1, full / 2) : full
    }

    /// Takes a verdict. `go` and `stay` move the ramp at the end of a step only; before a step `go` ends a hold that is over.
    mutating func take(_ verdict: Verdict, moment: Signals.Moment, at now: Date, _ settings: RebuildSettings) {
        guard state == .running || state == .held else { return }
        switch (verdict.decision, moment) {
        case (.go, .before):
            if state == .held { setGoing() }
        case (.go, .after):
            (stays, heldSince, needsPerson) = (0, nil, false)
            guard reduced else {
                level = min(level + 1, steps.count - 1)
                return
            }
            clean += 1
            if clean >= settings.cleanSteps { (reduced, clean) = (false, 0) }
        case (.stay, .after):
            stays += 1
            (reasonCode, reason) = (verdict.code, verdict.reason)
            if stays >= settings.patienceDays { needsPerson = true }
        case (.go, .during), (.stay, _): break
        case (.hold, _):
            if state == .running { generation += 1 }
            state = .held
            heldSince = heldSince ?? now
            holdUntil = now.addingTimeInterval(settings.holdHours * 3600)
            (reasonCode, reason) = (verdict.code, verdict.reason)
            // A sender that is stopped says nothing of the template.
            if verdict.code != "sender_stopped" { (reduced, clean) = (true, 0) }
            if now.timeIntervalSince(heldSince ?? now) >= Double(settings.patienceDays) * 86_400 || verdict.code == "sender_stopped" {
                needsPerson = true
            }
        case (.stop, _):
            stop(verdict.code, verdict.reason)
            needsPerson = true
            if verdict.code == "quality_red" || verdict.code == "bad_events" { level = max(0, level - settings.stepsBack) }
            (reduced, clean, stays) = (false, 0, 0)
        }
    }

    /// Nobody is left to be written to.
    mutating func finish() {
        guard state == .running else { return }
        state = .done
        (reasonCode, reason, needsPerson, holdUntil) = (nil, nil, false, nil)
    }

    /// A person's pause. False when there is nothing to pause.
    mutating func pause(_ why: String) -> Bool {
        guard state == .running || state == .held else { return false }
        if state == .running { generation += 1 }
        state = .paused
        (reasonCode, reason, needsPerson, holdUntil) = ("paused", why, false, nil)
        return true
    }

    /// A person's stop. False when it has ended already.
    mutating func stop(byPerson why: String) -> Bool {
        guard state == .running || state == .held || state == .paused else { return false }
        stop("stopped", why)
        needsPerson = false
        return true
    }

    /// A person sets it going again. False when it is going, or done.
    mutating func resume() -> Bool {
        guard state == .held || state == .paused || state == .stopped else { return false }
        setGoing()
        (stays, heldSince) = (0, nil)
        return true
    }

    private mutating func stop(_ code: String, _ why: String) {
        if state == .running { generation += 1 }
        state = .stopped
        (reasonCode, reason, holdUntil, heldSince) = (code, why, nil, nil)
    }

    private mutating func setGoing() {
        state = .running
        (holdUntil, reasonCode, reason, needsPerson) = (nil, nil, nil, false)
    }
}
