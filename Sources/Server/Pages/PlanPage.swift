import Foundation
import Hummingbird
import Migration
import PlanReport
import Planner
import Synchronization

/// Reads plans with the states of their tasks and draws them. Many readers share one drawing.
final class PlanPageSource: Sendable {
    private struct Drawn {
        var sections: String
        /// Until then it is fresh enough.
        var until: ContinuousClock.Instant
        var tasks: Int
    }

    private let migrations: Migrations
    private let shared = Mutex<[Int64: Drawn]>([:])
    private let drawing = Limiter(1)
    private static let mostKept = 4
    /// Of a plan of 100,000 rows: drawing it may take this share of a processor.
    private static let share = 20

    init(_ migrations: Migrations) { self.migrations = migrations }

    /// The plan's sections, a second old or, when drawing them takes long, twenty times as long.
    func sections(of plan: StoredPlan) async throws -> (text: String, tasks: Int) {
        let known = shared.withLock { $0[plan.id] }
        if let known, known.until > .now { return (known.sections, known.tasks) }
        guard drawing.enter() else {
            if let known { return (known.sections, known.tasks) }
            throw HTTPProblem.busy
        }
        defer { drawing.leave() }
        let begin = ContinuousClock.now
        let document = try await migrations.plans.export(plan.id)
        let report = PlanReport(plan: try Plan(json: Array(document)), rows: try await migrations.fleet.rows(revision: plan.fleetRevision))
        let sections = report.sections
        let end = ContinuousClock.now
        let drawn = Drawn(
            sections: sections, until: end + max(.seconds(1), (end - begin) * Self.share), tasks: report.plan.tasks.count)
        shared.withLock { shared in
            if shared[plan.id] == nil, shared.count >= Self.mostKept, let oldest = shared.min(by: { $0.value.until < $1.value.until })?.key
            {
                shared[oldest] = nil
            }
            shared[plan.id] = drawn
        }
        return (sections, drawn.tasks)
    }
}

private struct PlanView {
    struct Fact {
        var name: String
        var value: String
    }

    var title: String?
    var state: String
    var kind: String
    var previous: String?
    var facts: [Fact]
    var sections: String
}

extension Pages {
    /// The plan that is named, or that is in force, or the newest.
    func planPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
        guard context.caller?.clientID == nil else {
            throw HTTPProblem(.forbidden, "forbidden", "a plan holds the numbers of all clients; this key is bound to one")
        }
        let plans = dependencies.migrations.plans
        let plan: StoredPlan?
        if context.parameters.get("id") != nil {
            plan = try await plans.plan(context.id("id"))
        } else if let armed = try await plans.armed() {
            plan = armed
        } else {
            plan = try await plans.list(limit: 1).first
        }
        guard let plan else {
            let view = PlanView(title: nil, state: "", kind: "", previous: nil, facts: [], sections: "")
            return Content(title: "Plan", template: "plan", view: view, section: .plan, now: try await now())
        }
        let drawn = try await self.plans.sections(of: plan)
        var facts = [PlanView.Fact(name: "made", value: "\(Drawing.time(plan.createdAt)) by \(plan.createdBy)")]
        if let by = plan.approvedBy { facts.append(.init(name: "approved", value: "\(Drawing.time(plan.approvedAt)) by \(by)")) }
        if let by = plan.armedBy { facts.append(.init(name: "armed", value: "\(Drawing.time(plan.armedAt)) by \(by)")) }
        facts.append(.init(name: "fleet", value: "revision \(plan.fleetRevision)"))
        let view = PlanView(
            title: "Plan \(plan.id)", state: plan.state,
            kind: plan.state == "armed" ? "good" : plan.state == "superseded" ? "wait" : "busy",
            previous: plan.previous.map(String.init), facts: facts, sections: drawn.text)
        return Content(
            title: "Plan \(plan.id)", template: "plan", view: view, isLive: drawn.tasks <= Self.mostLiveTasks, section: .plan,
            now: try await now())
    }

    /// A larger plan is too much to send every two seconds; it is as of the time it was loaded.
    private static let mostLiveTasks = 5000
}
