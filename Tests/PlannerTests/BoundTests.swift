import Fleet
import Foundation
import Testing

@testable import Planner

/// Bounds of fleets so plain that the best value is known.
@Suite struct BoundTests {
    private static let plain: [String: String] = [
        "route": "partner", "source_provider": "north", "source_waba_id": "100", "dest_waba_id": "500", "time_zone": "Europe/Madrid",
        "cutover_windows": "Daily 22:00-05:00", "otp_hours": "", "otp_language": "", "two_step_lead_days": "0", "peak_hours": "",
    ]

    private func fleet(priorities: [Int], _ changes: [Int: [String: String]] = [:]) -> Case {
        var maker = FleetMaker(seed: 1, rows: priorities.count)
        maker.setAll(Self.plain)
        for (number, priority) in priorities.enumerated() {
            maker.set(number + 1, ["client_id": "c\(number)", "priority": "\(priority)"])
            maker.set(number + 1, changes[number + 1] ?? [:])
        }
        return Case(fleet: maker.csv)
    }

    /// What the relaxation proves when it is not held to the plan's own value, which a bound that is too high would else pass for. With a far value
    /// before its eyes it takes larger steps and proves less.
    private func proven(_ value: Case, _ level: SharedBounds.Level, best: Int, unplaced: Int) throws -> Int {
        let settings = try PlanningSettings(json: Array(value.settingsJSON))
        var problem = Problem(
            fleet: FleetFile.read(Array(value.fleet.utf8)), operators: nil, settings: settings, now: settings.horizonFrom)
        problem.prepare()
        let shared = try #require(SharedBounds(problem: problem, possible: problem.alone.map(\.fits), unplaced: unplaced))
        return shared.bound(level, best: best, spare: unplaced)
    }

    /// Of weights 5, 4, 3 and 2 two find room.
    @Test func aFullWaveLeavesItsLightestPinsOut() async throws {
        let pin = ["wave": "1"]
        var value = fleet(priorities: [1, 2, 3, 4, 3, 3], [1: pin, 2: pin, 3: pin, 4: pin])
        value.settings["wave_sizes"] = [2, 8]
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.objective.unplaced == 5 && plan.bound.unplaced == 5)
        #expect((1...5).contains(try proven(value, .unplaced, best: 50, unplaced: 5)))
    }

    /// A row is worth what waits for it too: weights 3 and 2 are left out for 4, or 4 for them.
    @Test func aRowLeftOutTakesThoseThatWaitForItAlong() async throws {
        let pin = ["wave": "1"]
        var value = fleet(priorities: [3, 2, 4, 3], [1: pin, 2: pin, 3: ["depends_on": "R-1"]])
        value.settings["wave_sizes"] = [1, 8]
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.objective.unplaced == 4 && plan.bound.unplaced == 4)
        #expect((1...4).contains(try proven(value, .unplaced, best: 40, unplaced: 4)))
    }

    /// One new client a week, for two weeks.
    @Test func onlySoManyClientsOpen() async throws {
        var value = fleet(priorities: [5, 1, 5, 5, 1, 5])
        value.settings["new_clients_per_7_days"] = 1
        value.settings["horizon_to"] = "2026-12-15T00:00:00Z"
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.objective.unplaced == 4 && plan.bound.unplaced == 4)
        #expect((1...4).contains(try proven(value, .unplaced, best: 40, unplaced: 4)))
    }

    /// A client with three rows and one cut-over a day has rows that end a day and two days after the first: on their own all would end on the
    /// first one.
    @Test func datesHoldRowsOfAClientApart() async throws {
        let one = ["client_id": "c0"]
        var value = fleet(priorities: [5, 5, 5], [2: one, 3: one])
        value.settings["max_cutovers_per_client_per_day"] = 1
        value.settings["canary_share"] = 1
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.objective.unplaced == 0 && plan.bound.unplaced == 0)
        let alone = try #require(plan.tasks.filter { $0.kind == .cutover }.map(\.end).min()) - plan.settings.horizonFrom
        let proven = try proven(value, .completion, best: 10 * plan.objective.completion, unplaced: 0)
        #expect(proven > 0 && proven <= plan.objective.completion)
        #expect((plan.bound.completion ?? 0) > 3 * alone / 60 && plan.bound.completion ?? 0 <= plan.objective.completion)
    }
}
