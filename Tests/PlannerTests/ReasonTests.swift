import Foundation
import Testing

@testable import Planner

/// Rows without a place say why, and the constraints they name are the ones that keep them out.
@Suite struct ReasonTests {
    private static let plain: [String: String] = [
        "route": "partner", "source_waba_id": "100", "time_zone": "Europe/Madrid", "cutover_windows": "Mon-Thu 22:00-05:00",
        "otp_hours": "Mon-Fri 09:00-18:00",
        "otp_language": "es", "two_step_lead_days": "0",
    ]

    @Test(
        arguments: [
            (["otp_hours": "Sat 23:00-23:30"], ["otp_hours", "operator_shifts"]), (["otp_language": "fr"], ["operator_languages"]),
            (["blackout_dates": "2026-11-01..2027-03-01"], ["blackout_dates"]), (["earliest": "2027-02-01"], ["earliest"]),
            (["two_step_lead_days": "90"], ["two_step_lead_days"]), (["cutover_windows": "Mon 10:00-10:20"], ["cutover_windows"]),
        ] as [([String: String], [String])])
    func aRowThatCannotFitAloneNamesWhatKeepsItOut(_ changes: [String: String], _ expected: [String]) async throws {
        var maker = FleetMaker(seed: 1, rows: 6)
        maker.setAll(Self.plain)
        maker.set(3, changes)
        let operators =
            "operator_id,time_zone,shifts,languages\nana,Europe/Madrid,Mon-Fri 07:00-20:00,es\nbob,Europe/Madrid,Mon-Fri 07:00-20:00,en\n"
        let value = Case(fleet: maker.csv, operators: operators)
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.unplaced.map(\.rowRef) == ["R-3"])
        #expect(plan.unplaced.first?.reasons.first?.constraints == expected && plan.bound.unplaced == plan.objective.unplaced)
    }

    @Test func waitingForARowWithoutAPlaceIsAReason() async throws {
        var maker = FleetMaker(seed: 1, rows: 4)
        maker.setAll(Self.plain)
        maker.set(1, ["earliest": "2027-03-01"])
        maker.set(2, ["depends_on": "R-1"])
        let plan = try Case(fleet: maker.csv).plan()
        #expect(plan.unplaced.map { $0.reasons.map(\.constraints) } == [[["earliest"]], [["depends_on"]]])
    }

    @Test func aWaveThatIsNotReachedIsAReason() async throws {
        var maker = FleetMaker(seed: 1, rows: 4)
        maker.setAll(Self.plain)
        maker.set(2, ["wave": "9"])
        let value = Case(fleet: maker.csv)
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.unplaced.map(\.rowRef) == ["R-2"] && plan.unplaced[0].reasons.map(\.constraints) == [["waves"]])
    }

    @Test func tooManyForTheHorizonLeavesSomeOut() async throws {
        var maker = FleetMaker(seed: 1, rows: 30, clients: 1)
        maker.setAll(Self.plain)
        var value = Case(fleet: maker.csv)
        value.settings["horizon_to"] = "2026-12-06T00:00:00Z"
        value.settings["max_cutovers_per_client_per_day"] = 1
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.unplaced.count > 20 && plan.unplaced.allSatisfy { !$0.reasons[0].constraints.isEmpty })
    }
}
