import Foundation
import Postgres
import Templates

/// The move of one number as a durable run: rounds of named steps. A round that stops waits for `retry`, and the next begins by reading what
/// is already done, so that nothing is done twice.
struct NumberRun: Sendable {
    let c: any RunContext
    let world: World
    let ref: String

    func run() async throws {
        var round = 0
        do {
            while true {
                do {
                    try await carryOut(round: round)
                    return
                } catch let stop as Stop {
                    try await record(stop, round: round)
                    _ = try await c.event("retry:\(round)", until: nil)
                    round += 1
                }
            }
        } catch is RunOver {
            return
        }
    }

    private func carryOut(round: Int) async throws {
        let run = c.runID
        let ref = ref
        let brief = try await c.step("begin:\(round)") { db -> NumberBrief? in
            guard let brief = try await NumberBrief.load(ref, run: run, on: db) else { return nil }
            try await db.query("UPDATE migration.number SET round = \(Int32(round)) WHERE row_ref = \(ref)")
            return brief
        }
        guard let brief else { throw RunOver() }
        let leg = Leg(c: c, world: world, brief: brief, round: round)
        switch brief.route {
        case "partner": try await leg.partner()
        default: try await leg.byPerson()
        }
    }

    private func record(_ stop: Stop, round: Int) async throws {
        let run = c.runID
        let ref = ref
        let mine = try await c.step("stop:\(round)") { db -> Bool in
            let change = NumberChange(
                state: stop.state, step: "stopped", code: stop.code, reason: stop.reason, needsPerson: stop.needsPerson,
                wait: "retry:\(round)")
            guard try await NumberBoard.apply(change, ref: ref, run: run, on: db) else { return false }
            try await db.query("UPDATE migration.number SET code_sealed = NULL WHERE row_ref = \(ref)")
            if stop.proofIsGone {
                try await db.query("UPDATE migration.number SET verified_at = NULL, code_state = 'none' WHERE row_ref = \(ref)")
            }
            if stop.canStillAbort { try await db.query("UPDATE migration.number SET register_intent_at = NULL WHERE row_ref = \(ref)") }
            if stop.state == .failed, let number = try await NumberRecord.find(ref, on: db) {
                try await Freezes.freeze(number, code: stop.code, reason: stop.reason, on: db)
            }
            return true
        }
        if !mine { throw RunOver() }
    }
}
