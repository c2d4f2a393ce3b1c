import Fleet
import Foundation
import Postgres
import Templates

extension Leg {
    /// Waits until every gate is open and decides, in the transaction in which they were seen open, to go. Throws `missed` when the window closes
    /// first.
    ///
    /// - Parameter commit: what the decision writes; from there on a cut-over that Relevo makes itself cannot be called off.
    func passGates(_ change: NumberChange, also commit: @escaping @Sendable (PostgresConnection) async throws -> Void) async throws {
        var count = 0
        var held: (code: String, reason: String)?
        while true {
            let unchecked = try await refreshCopy("gate:\(count)")
            let verdict = try await decide("gate:\(count)", unchecked, change, commit)
            switch verdict {
            case .go: return
            case .missed(let code, let reason):
                if let held { throw Stop.missed(held.code, "the window closed while the number was held: \(held.reason)") }
                throw Stop.missed(code, "the cut-over was due at \(brief.cutoverStart.formatted(.iso8601)), but \(reason)")
            case .stop(let code, let reason): throw Stop.failed(code, reason, canStillAbort: true)
            case .hold(let code, let reason, let until):
                held = (code, reason)
                try await pause(
                    "held:\(count)", NumberChange(state: .held, step: "cut-over held", code: code, reason: reason), until: until)
            }
            count += 1
        }
    }

    private func decide(
        _ step: String, _ unchecked: GraphTrouble?, _ change: NumberChange,
        _ commit: @escaping @Sendable (PostgresConnection) async throws -> Void
    ) async throws -> CutoverGate.Verdict {
        let (brief, run, settings) = (brief, c.runID, settings)
        let verdict = try await c.step(name(step)) { db -> CutoverGate.Verdict? in
            // The plan first, then the number: the order in which a plan is armed.
            try await db.query("SELECT id FROM migration.plan WHERE id = \(brief.planID) FOR NO KEY UPDATE")
            guard let number = try await NumberRecord.find(brief.rowRef, lock: true, on: db), number.runID == run, number.state != .aborted
            else {
                return nil
            }
            var facts = try await GateReading.facts(
                number, fields: brief.fields, rules: brief.rules, reserve: settings.cutoverReserve, lock: true, on: db)
            // A planned window may end where the task ends; being a little late is no reason to give it up.
            if facts.windowEnd == nil, facts.now >= brief.cutoverStart, facts.now < brief.cutoverEnd, withinPlan(facts.now) {
                facts.windowEnd = brief.cutoverEnd
            }
            var verdict = CutoverGate.verdict(facts)
            if verdict == .go, let unchecked {
                verdict = .hold(
                    code: "templates_unchecked",
                    reason: "the templates were last compared too long ago and cannot be compared now: \(unchecked)",
                    until: min(facts.windowEnd ?? facts.now, facts.now.addingTimeInterval(120)))
            }
            if verdict == .go {
                guard try await NumberBoard.apply(change, ref: brief.rowRef, run: run, on: db) else { return nil }
                try await commit(db)
            }
            return verdict
        }
        guard let verdict else { throw RunOver() }
        return verdict
    }

    /// Whether `now` still lies in the window the cut-over was planned in, however little of it is left.
    func withinPlan(_ now: Date) -> Bool {
        guard let row = brief.row else { return false }
        let kind: RowHours.Kind = brief.route == Route.coexistence.rawValue ? .code : .cutover
        return RowHours(row: row, freezes: brief.rules.intervals).window(kind, at: now, needed: 1) != nil
    }

    /// Looks at the pair again when its proof is old, and copies what the source has got since. Returns the trouble that kept it from looking: an
    /// old proof is not enough for a cut-over.
    private func refreshCopy(_ step: String) async throws -> GraphTrouble? {
        guard let source = brief.source else { return nil }
        let (world, brief, freshness) = (world, brief, settings.copyFreshness)
        let fresh = try await c.step(name("\(step):copy")) { db -> Bool in
            guard let state = try await TemplateCopies.state(source: source, destination: brief.destination, on: db) else { return false }
            let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
            return state.report.isReady && now.timeIntervalSince(state.report.checkedAt) < freshness
        }
        if fresh { return nil }
        let reply = try await c.call(name("\(step):recopy")) {
            try await Reply.of { () -> Bool in
                do {
                    return try await world.copier.copy(source: source, destination: brief.destination).verified
                } catch is GraphTrouble {
                    // Copying may be refused while reading is not: what is there decides.
                    return try await world.copier.verify(source: source, destination: brief.destination).verified
                }
            }
        }
        if case .trouble(let trouble) = reply { return trouble }
        return nil
    }
}
