import Foundation
import Hummingbird
import Migration
import PlanReport
import Planner

/// Reads plans with the states of their tasks and draws them. Many readers share one drawing, also while it is made.
actor PlanPageSource {
    struct Drawing: Sendable {
        var sections: String
        var tasks: Int
    }

    private struct Entry {
        var drawing: Task<Drawing, any Error>
        /// Until then it is fresh enough; nil while it is made.
        var until: ContinuousClock.Instant?
        var number: Int
    }

    private let migrations: Migrations
    private var entries: [Int64: Entry] = [:]
    private var count = 0
    private static let mostKept = 4
    /// Drawing a plan over and over takes one part in so many of a processor.
    private static let share = 20

    init(_ migrations: Migrations) { self.migrations = migrations }

    /// The plan's sections, a second old or, when drawing them takes long, twenty times as long.
    func drawing(of plan: StoredPlan) async throws -> Drawing {
        if let known = entries[plan.id], known.until.map({ $0 > .now }) ?? true { return try await known.drawing.value }
        if entries[plan.id] == nil, entries.count >= Self.mostKept {
            let done = entries.filter { $0.value.until != nil }.min { ($0.value.until ?? .now) < ($1.value.until ?? .now) }
            guard let done else { throw HTTPProblem.busy }
            entries[done.key] = nil
        }
        count += 1
        let (begin, number) = (ContinuousClock.now, count)
        let task = Task { [migrations] in try await Self.draw(plan, migrations) }
        entries[plan.id] = Entry(drawing: task, until: nil, number: number)
        do {
            let drawing = try await task.value
            let end = ContinuousClock.now
            if entries[plan.id]?.number == number { entries[plan.id]?.until = end + max(.seconds(1), (end - begin) * Self.share) }
            return drawing
        } catch {
            if entries[plan.id]?.number == number { entries[plan.id] = nil }
            throw error
        }
    }

    private static func draw(_ plan: StoredPlan, _ migrations: Migrations) async throws -> Drawing {
        let document = try await migrations.plans.export(plan.id)
        let report = PlanReport(plan: try Plan(json: Array(document)), rows: try await migrations.fleet.rows(revision: plan.fleetRevision))
        return Drawing(sections: report.sections, tasks: report.plan.tasks.count)
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
    @Sendable func planPage(_ request: Request, _ context: RelevoContext) async throws -> Content {
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
        let drawn = try await self.plans.drawing(of: plan)
        var facts = [PlanView.Fact(name: "made", value: "\(Drawing.time(plan.createdAt)) by \(plan.createdBy)")]
        if let by = plan.approvedBy { facts.append(.init(name: "approved", value: "\(Drawing.time(plan.approvedAt)) by \(by)")) }
        if let by = plan.armedBy { facts.append(.init(name: "armed", value: "\(Drawing.time(plan.armedAt)) by \(by)")) }
        facts.append(.init(name: "fleet", value: "revision \(plan.fleetRevision)"))
        let view = PlanView(
            title: "Plan \(plan.id)", state: plan.state,
            kind: plan.state == "armed" ? "good" : plan.state == "superseded" ? "wait" : "busy",
            previous: plan.previous.map(String.init), facts: facts, sections: drawn.sections)
        return Content(
            title: "Plan \(plan.id)", template: "plan", view: view, isLive: drawn.tasks <= Self.mostLiveTasks, section: .plan,
            now: try await now())
    }

    /// A larger plan is too much to send every two seconds; it is as of the time it was loaded.
    private static let mostLiveTasks = 5000
}
