import Fleet
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

    /// A row that is late because of its own calendars names the rules of which any one would have to go.
    @Test(
        arguments: [
            (["earliest": "2026-12-10", "deadline": "2026-12-04"], ["earliest"]),
            (["blackout_dates": "2026-12-01..2026-12-09", "deadline": "2026-12-08"], ["blackout_dates"]),
            (["two_step_lead_days": "9", "deadline": "2026-12-08"], ["two_step_lead_days"]),
            (["cutover_windows": "Sun 01:00-05:00", "deadline": "2026-12-05"], ["cutover_windows"]),
            (
                ["otp_hours": "Sat 21:00-22:00", "cutover_windows": "Daily 01:00-05:00", "deadline": "2026-12-09"],
                ["otp_hours", "operator_shifts"]
            ),
        ] as [([String: String], [String])])
    func aRowThatIsLateAloneNamesWhatKeepsItFromItsDeadline(_ changes: [String: String], _ expected: [String]) async throws {
        var maker = FleetMaker(seed: 1, rows: 4)
        maker.setAll(Self.plain)
        maker.set(3, changes)
        let operators = "operator_id,time_zone,shifts,languages\nana,Europe/Madrid,Mon-Fri 07:00-20:00;Sun 10:00-12:00,es\n"
        let value = Case(
            fleet: maker.csv, operators: changes["otp_hours"] == nil ? operators : operators.replacing(";Sun 10:00-12:00", with: ""))
        var longer = value
        if changes["otp_hours"] != nil {
            // There is one operator on a later Saturday only.
            longer.operators = operators.replacing(";Sun 10:00-12:00", with: "") + "eve,Europe/Madrid,Sat 07:00-22:00,es,1,2026-12-05\n"
            longer.operators = longer.operators?.replacing("languages\n", with: "languages,max_parallel,off_dates\n").replacing(
                "20:00,es\n", with: "20:00,es,,\n")
        }
        let plan = try longer.plan()
        #expect(try await longer.violations(plan) == [])
        let late = try #require(plan.late.first { $0.rowRef == "R-3" })
        #expect(plan.unplaced.isEmpty && late.days > 0)
        let named = expected + (changes["otp_hours"] == nil ? [] : ["off_dates"])
        #expect(late.reasons.map(\.code) == ["deadline_too_early"] && Set(late.reasons[0].constraints) == Set(named), "\(late)")
    }

    /// A row that is late because of others names what they take, and it is in time once that is given.
    @Test(
        arguments: [
            ("max_concurrent_cutovers", 1, 50, "max_concurrent_cutovers"),
            ("max_cutovers_per_client_per_day", 1, 50, "max_cutovers_per_client_per_day"),
            ("new_clients_per_7_days", 2, 50, "new_clients_per_7_days"),
        ] as [(String, Int, Int, String)])
    func aRowThatIsLateInCompanyNamesWhatTheOthersTake(_ setting: String, _ tight: Int, _ wide: Int, _ name: String) async throws {
        let days = setting == "max_cutovers_per_client_per_day"
        var maker = FleetMaker(seed: 1, rows: 6, clients: days ? 1 : 6)
        // One window of half an hour, or of all day, until the deadline, and as much again after it.
        maker.setAll([
            "route": "signup", "source_waba_id": "", "source_provider": "", "time_zone": "UTC", "two_step_lead_days": "0", "peak_hours": "",
            "cutover_windows": setting == "max_concurrent_cutovers" ? "Daily 01:00-01:30" : "Daily 00:00-24:00", "deadline": "2026-12-03",
            "dest_waba_id": "500",
        ])
        for row in 1...6 where !days { maker.set(row, ["client_id": "c\(row)"]) }
        var value = Case(fleet: maker.csv)
        value.settings.merge(["soak_hours": 0, "canary_share": 1, setting: tight, "max_concurrent_cutovers_per_client": 9]) { $1 }
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.late.count >= 2 && plan.late.allSatisfy { $0.reasons.map(\.constraints) == [[name]] }, "\(plan.late)")
        value.settings[setting] = wide
        #expect(try value.plan().late.isEmpty)
    }

    /// The time at which another operator is said to help does help.
    @Test func anotherOperatorAtTheTimeThatIsToldMakesARowPunctual() async throws {
        var maker = FleetMaker(seed: 1, rows: 3)
        maker.setAll(Self.plain)
        maker.set(2, ["otp_language": "pt", "deadline": "2026-12-04", "otp_hours": "Daily 09:00-18:00"])
        let operators = "operator_id,time_zone,shifts,languages\nana,Europe/Madrid,Mon-Fri 07:00-20:00,es\nbea,UTC,Sun 10:00-12:00,pt\n"
        let plan = try Case(fleet: maker.csv, operators: operators).plan()
        let late = try #require(plan.late.first { $0.rowRef == "R-2" }?.reasons.first)
        #expect(late.constraints.contains("operator_shifts"))
        let told = try #require(late.message.firstMatch(of: /who speaks pt from (\S+) on for 15 minutes/)?.1)
        let at = try #require(PlanTime.instant(String(told)))
        func clock(_ instant: Int) -> String { String(PlanTime.text(instant).dropFirst(11).prefix(5)) }
        var inputs = PlanningInputs(
            fleet: .read(Array(maker.csv.utf8)), operators: .read(Array(operators.utf8)),
            settings: try PlanningSettings(json: Array(Case(fleet: maker.csv).settingsJSON)))
        try inputs.apply(.addOperator(line: "new,UTC,Daily \(clock(at))-\(clock(at + 900)),pt"))
        let better = Planner.plan(
            fleet: inputs.fleet, operators: inputs.operators, settings: inputs.settings, now: inputs.settings.horizonFrom, tries: 3,
            effort: 20_000)
        #expect(better.late.isEmpty)
    }

    /// A late canary that its wave needs is told what keeps it from its deadline inside that wave, and not that waves are to blame.
    @Test func aCanaryThatItsWaveNeedsIsToldWhatTheOthersTake() async throws {
        var maker = FleetMaker(seed: 1, rows: 2)
        maker.setAll(Self.plain)
        maker.setAll(["cutover_windows": "Daily 00:00-24:00", "otp_hours": "Daily 10:00-10:15", "deadline": "2026-12-03", "peak_hours": ""])
        maker.set(1, ["client_id": "a", "source_provider": "north", "priority": "1"])
        maker.set(2, ["client_id": "b", "source_provider": "south", "priority": "5"])
        // One code before the deadline, and one operator for it.
        let operators = "operator_id,time_zone,shifts,languages\nana,Europe/Madrid,Wed 10:00-10:15;Sat 10:00-10:15,es\n"
        let value = Case(fleet: maker.csv, operators: operators)
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        #expect(plan.waves.map(\.rows.count) == [2] && plan.late.map(\.rowRef) == ["R-2"], "\(plan.waves) \(plan.late)")
        #expect(plan.late.first?.reasons.map(\.constraints) == [["operators"]], "\(plan.late)")
    }
}
