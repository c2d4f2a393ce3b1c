import Foundation
import Postgres
import Templates

/// The template copy of one pair of WABAs as a durable run: waits for its time, copies, proves, and tells the numbers that wait.
struct CopyRun: Sendable {
    let c: any RunContext
    let world: World
    let plan: Int64
    let source: String
    let destination: String

    /// What a copy came to, in a form that is checkpointed.
    private struct Outcome: Codable, Sendable {
        var verified: Bool
        var code: String?
        var summary: String
        var person: Bool
    }

    func run() async throws {
        var round = 0
        guard let start = try await begin() else { return }
        guard try await set("planned", state: "scheduled", wait: "start") else { return }
        _ = try await c.event("start", until: start)
        while true {
            guard try await set("running:\(round)", state: "running") else { return }
            var wait = world.settings.retryPause
            var last = Outcome(verified: false, code: "copy_failed", summary: "", person: true)
            // Meta may take a while to show what it has copied.
            for attempt in 0..<6 {
                last = try await copy("copy:\(round):\(attempt)")
                if last.verified || last.person { break }
                let until = try await c.now("copy:\(round):\(attempt):now").addingTimeInterval(wait)
                let event = "again:\(round):\(attempt)"
                guard try await set("\(event):enter", state: "running", code: last.code, reason: last.summary, wait: event) else { return }
                _ = try await c.event(event, until: until)
                wait = min(wait * 4, 3_600)
            }
            if last.verified {
                _ = try await finish("verified:\(round)", summary: last.summary)
                return
            }
            guard
                try await set(
                    "stopped:\(round)", state: "failed", code: last.code, reason: last.summary, needsPerson: true, wait: "retry:\(round)")
            else { return }
            // A pause of Meta's ends by itself, and its webhook may be lost: what could not be proved is looked at again.
            let until =
                last.code == "templates_unverified"
                ? try await c.now("stopped:\(round):now").addingTimeInterval(world.settings.copyRecheck) : nil
            _ = try await c.event("retry:\(round)", until: until)
            round += 1
        }
    }

    private func begin() async throws -> Date? {
        let (plan, source, destination) = (plan, source, destination)
        return try await c.step("begin") { db in
            try await db.query(
                "SELECT starts_at FROM migration.copy WHERE plan_id = \(plan) AND source_waba_id = \(source) AND dest_waba_id = \(destination)"
            ).decodeFirst(Date.self)
        }
    }

    private func copy(_ name: String) async throws -> Outcome {
        let (world, source, destination) = (world, source, destination)
        return try await c.call(name) {
            do {
                let report = try await world.copier.copy(source: source, destination: destination)
                let person = !report.diff.different.isEmpty || !report.diff.unusable.isEmpty
                return Outcome(
                    verified: report.verified, code: report.verified ? nil : "templates_unverified",
                    summary: ([report.summary] + report.advice()).joined(separator: "; "), person: person)
            } catch let trouble as GraphTrouble {
                return Outcome(verified: false, code: "graph_trouble", summary: "\(trouble)", person: trouble.remedy == .person)
            } catch let error as TemplateError {
                return Outcome(verified: false, code: error.code.rawValue, summary: error.message, person: true)
            }
        }
    }

    /// Marks the pair as proved and wakes every number that waits for it.
    private func finish(_ name: String, summary: String) async throws -> Bool {
        let (world, plan, source, destination) = (world, plan, source, destination)
        return try await c.step(name) { db in
            let changed = try await db.query(
                """
                UPDATE migration.copy SET state = 'verified', reason_code = NULL, reason = \(summary), needs_person = false, wait_event = NULL,
                    updated_at = jobs.now() WHERE plan_id = \(plan) AND source_waba_id = \(source) AND dest_waba_id = \(destination)
                """
            ).affectedRows
            guard changed > 0 else { return false }
            let waiting = try await db.query(
                """
                SELECT run_id, wait_event FROM migration.number
                WHERE plan_id = \(plan) AND source_waba_id = \(source) AND dest_waba_id = \(destination)
                    AND wait_event IS NOT NULL AND state IN ('waiting_templates', 'held')
                ORDER BY row_ref
                """
            ).decode((String, String).self)
            for (run, event) in waiting {
                try await world.control.emit(run: run, event: event, Wake(.templates, by: "\(source)>\(destination)"), on: db)
            }
            return true
        }
    }

    private func set(
        _ name: String, state: String, code: String? = nil, reason: String? = nil, needsPerson: Bool = false, wait: String? = nil
    ) async throws -> Bool {
        let (plan, source, destination, run) = (plan, source, destination, c.runID)
        return try await c.step(name) { db in
            try await db.query(
                """
                UPDATE migration.copy SET state = \(state), reason_code = \(code), reason = \(reason), needs_person = \(needsPerson),
                    wait_event = \(wait), updated_at = jobs.now()
                WHERE plan_id = \(plan) AND source_waba_id = \(source) AND dest_waba_id = \(destination) AND run_id = \(run)
                """
            ).affectedRows > 0
        }
    }
}
