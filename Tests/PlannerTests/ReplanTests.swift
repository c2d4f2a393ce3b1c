import Foundation
import Testing

@testable import Planner

/// Rule 10: what has begun stays, what is near stays, the rest moves as little as it can.
@Suite struct ReplanTests {
    private func first(_ seed: UInt64 = 3) throws -> (maker: FleetMaker, value: Case, plan: Plan) {
        let maker = FleetMaker(seed: seed, rows: 30)
        let value = Case(fleet: maker.csv, operators: FleetMaker.operators)
        return (maker, value, try value.plan())
    }

    /// The plan as an export would tell it at `now`.
    private func underWay(_ plan: Plan, _ now: Int) -> Plan {
        var plan = plan
        for index in plan.tasks.indices {
            let task = plan.tasks[index]
            plan.tasks[index].state = task.end <= now ? .done : task.start <= now ? .running : .planned
        }
        return plan
    }

    @Test func nothingNewChangesNothing() async throws {
        var (_, value, plan) = try first()
        value.previous = plan
        let again = try value.plan()
        #expect(try await value.violations(again) == [])
        #expect(again.objective.changes == 0 && again.tasks.map(\.start) == plan.tasks.map(\.start))
    }

    @Test func whatHasBegunStaysAndAMissedRowIsPlacedAgain() async throws {
        var (_, value, plan) = try first()
        let now = plan.waves[1].firstStart + 3600
        var previous = underWay(plan, now)
        let missed = try #require(plan.waves[0].rows.first)
        for index in previous.tasks.indices where previous.tasks[index].rowRef == missed { previous.tasks[index].state = .missed }
        value.previous = previous
        value.now = PlanTime.text(now)
        let again = try value.plan()
        #expect(try await value.violations(again) == [])
        let before = Dictionary(uniqueKeysWithValues: previous.tasks.map { ($0.id, $0) })
        for task in again.tasks where task.rowRef != missed && (before[task.id]?.state == .done || before[task.id]?.state == .running) {
            #expect(before[task.id] == task)
        }
        #expect(again.tasks.contains { $0.rowRef == missed && $0.start >= now && $0.state == .planned })
        #expect(again.objective.changes <= 4 && again.objective.changes >= 1)
    }

    @Test func aNearRowThatBreaksItsWindowIsReleased() async throws {
        var (maker, value, plan) = try first()
        let row = try #require(plan.waves[0].rows.first)
        maker.set(try #require(Int(row.dropFirst(2))), ["blackout_dates": "2026-12-01..2026-12-09"])
        value.fleet = maker.csv
        value.previous = plan
        value.settings["replan_freeze_hours"] = 240
        let again = try value.plan()
        #expect(try await value.violations(again) == [])
        let old = try #require(plan.tasks.last { $0.rowRef == row })
        #expect(again.tasks.last { $0.rowRef == row }?.start != old.start)
        let near = plan.tasks.filter { $0.start < plan.now + 240 * 3600 && $0.rowRef != row && $0.kind != .templateCopy }
        #expect(near.count > 3 && near.count { task in again.tasks.contains(task) } >= near.count - 2)
    }

    /// Rule 7: a code that keeps its start need not wait for the two-step lead again, or a plan made anew each day would never begin.
    @Test(arguments: ["partner", "coexistence"]) func aCodeKeepsItsStartWithinTheLeadOfItsTwoStepPIN(_ route: String) async throws {
        var maker = FleetMaker(seed: 3, rows: 2, clients: 1)
        maker.setAll([
            "route": route, "cutover_windows": "Daily 00:00-24:00", "otp_hours": "Daily 09:00-10:00", "two_step_lead_days": "5",
            "time_zone": "UTC", "deadline": "2026-12-09", "source_waba_id": route == "partner" ? "100" : "",
        ])
        var value = Case(fleet: maker.csv)
        let plan = try value.plan()
        let first = try #require(plan.tasks.first { $0.kind == .otp })
        #expect(PlanTime.text(first.start) == "2026-12-06T09:00:00Z")
        value.previous = plan
        value.now = "2026-12-02T00:00:00Z"
        let again = try value.plan()
        #expect(try await value.violations(again) == [])
        #expect(again.objective.changes == 0 && again.objective.lateness == 0)
    }

    /// A copy that has failed is made again for rows that stay, or they are let go.
    @Test func keptRowsKeepACopy() async throws {
        var (_, value, plan) = try first()
        let now = plan.now + 36 * 3600
        var previous = underWay(plan, now)
        for index in previous.tasks.indices where previous.tasks[index].kind == .templateCopy { previous.tasks[index].state = .failed }
        value.previous = previous
        value.now = PlanTime.text(now)
        let again = try value.plan()
        #expect(try await value.violations(again) == [])
        let pairs = Set(previous.tasks.filter { $0.kind == .templateCopy }.map(\.id))
        #expect(pairs.count > 2 && again.tasks.contains { $0.kind == .templateCopy && pairs.contains($0.id) && $0.start >= now })
    }

    @Test(arguments: 1...6) func anyPointOfAnyPlanCanBePlannedAgain(_ seed: UInt64) async throws {
        var (maker, value, plan) = try first(seed)
        let now = plan.now + maker.below(20) * 43_200
        var previous = underWay(plan, now)
        for index in previous.tasks.indices
        where previous.tasks[index].state != .planned && previous.tasks[index].rowRef != nil && maker.below(8) == 0 {
            let ref = previous.tasks[index].rowRef
            for other in previous.tasks.indices where previous.tasks[other].rowRef == ref { previous.tasks[other].state = .failed }
        }
        for row in maker.rows.indices.reversed() where maker.below(10) == 0 { maker.rows.remove(at: row) }
        for row in maker.rows.indices where maker.below(6) == 0 { maker.rows[row]["cutover_windows"] = "Mon-Fri 20:30-23:45" }
        value.fleet = maker.csv
        value.now = PlanTime.text(now)
        value.previous = previous
        #expect(try await value.violations(value.plan(tries: 6)) == [])
    }

    @Test func aPlantedChangeOfAFixedRowIsFound() async throws {
        var (_, value, plan) = try first()
        let now = plan.waves[1].firstStart + 3600
        value.previous = underWay(plan, now)
        value.now = PlanTime.text(now)
        var again = try value.plan()
        let done = try #require(again.tasks.firstIndex { $0.state == .done && $0.kind == .cutover })
        again.tasks[done].start += 900
        #expect(try await value.violations(again).contains { $0.hasPrefix("rule 10") })
    }
}
