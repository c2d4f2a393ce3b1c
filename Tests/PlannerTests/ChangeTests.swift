import Fleet
import Foundation
import Testing

@testable import Planner

/// What could be otherwise is put into a plan's input, or refused with what is expected.
@Suite struct ChangeTests {
    private func inputs(operators: String? = FleetMaker.operators) throws -> PlanningInputs {
        var maker = FleetMaker(seed: 3, rows: 6)
        // R-4 is rejected, and R-6 waits for it.
        maker.set(4, ["depends_on": "R-9"])
        maker.set(6, ["depends_on": "R-4"])
        return PlanningInputs(
            fleet: FleetFile.read(Array(maker.csv.utf8)), operators: operators.map { Operators.read(Array($0.utf8)) },
            settings: try PlanningSettings(json: Array(Case(fleet: "").settingsJSON)))
    }

    @Test func operatorsComeAndGo() throws {
        var inputs = try inputs()
        try inputs.apply(.addOperator(line: #"eve,America/Sao_Paulo,"Mon,Wed 09:00-17:00;Sat 09:00-13:00",pt es,3"#))
        try inputs.apply(.addOperator(line: "kim,UTC,Daily 00:00-24:00"))
        try inputs.apply(.removeOperator(id: "bob"))
        try inputs.apply(.addShift(id: "ana", windows: "Sat 10:00-12:00"))
        let list = try #require(inputs.operators?.list)
        #expect(list.map(\.id) == ["ana", "caro", "eve", "kim"])
        #expect(list[2].languages == ["pt", "es"] && list[2].maxParallel == 3 && list[2].shifts.windows.count == 2)
        #expect(list[0].shifts.text == "Mon-Fri 07:00-15:00;Mon-Fri 15:00-20:00;Sat 10:00-12:00")
    }

    @Test func settingsAndTheHorizonChange() throws {
        var inputs = try inputs()
        let before = inputs.settings
        try inputs.apply(.extendHorizon(days: 7))
        try inputs.apply(.setting(name: "soak_hours", value: "1.5"))
        try inputs.apply(.setting(name: "otp", value: "joined"))
        try inputs.apply(.setting(name: "wave_sizes", value: "[3,9]"))
        #expect(inputs.settings.horizonTo == before.horizonTo + 7 * 86_400)
        #expect(inputs.settings.soakHours == 1.5 && inputs.settings.otp == .joined && inputs.settings.waveSizes == [3, 9])
    }

    @Test func aRowChangesAndTheOthersStay() throws {
        var inputs = try inputs()
        let before = inputs.fleet.rows
        try inputs.apply(.column(row: "R-2", name: "deadline", value: "2026-12-20"))
        #expect(inputs.fleet.rows.count == before.count && inputs.fleet.rows.map(\.line) == before.map(\.line))
        #expect(inputs.fleet.rows[1].deadline == LocalDate("2026-12-20") && inputs.fleet.rows[0] == before[0])
        try inputs.apply(.column(row: "R-6", name: "deadline", value: "2026-12-21"))
        #expect(inputs.fleet.rows.last?.deadline == LocalDate("2026-12-21") && inputs.fleet.rows.last?.dependsOn == ["R-4"])
        try inputs.apply(.column(row: "*", name: "two_step_lead_days", value: ""))
        #expect(inputs.fleet.rows.allSatisfy { $0.twoStepLeadDays == 0 } && inputs.fleet.problems.map(\.code) == ["unknown_ref"])
    }

    @Test(
        arguments: [
            (PlanningChange.addOperator(line: "eve"), "time_zone"), (.addOperator(line: "ana,UTC,Daily 00:00-24:00"), "already"),
            (.addOperator(line: "eve,Mars/Base,Daily 00:00-24:00"), "IANA"), (.addOperator(line: ""), "operator"),
            (.addOperator(line: "eve,UTC,Mon 25:00-26:00"), "shifts"), (.addOperator(line: "a,UTC,Daily 00:00-24:00,,,,x,y"), "columns"),
            (.addOperator(line: "eve,UTC,Daily 00:00-24:00\nmax,UTC,Daily 00:00-24:00"), "operator"),
            (.removeOperator(id: "zoe"), "ana, bob, caro"), (.addShift(id: "ana", windows: "never"), "expected days and hours"),
            (.addShift(id: "zoe", windows: "Daily 00:00-24:00"), "zoe"), (.extendHorizon(days: 0), "1 to 3660"),
            (.setting(name: "soak", value: "1"), "no planning setting soak"), (.setting(name: "soak_hours", value: "long"), "soak_hours"),
            (.setting(name: "horizon_to", value: "2020-01-01T00:00:00Z"), "horizon_to"),
            (.column(row: "R-77", name: "deadline", value: ""), "R-77"),
            (.column(row: "R-4", name: "deadline", value: ""), "R-4"), (.column(row: "R-1", name: "mood", value: "x"), "no column mood"),
            (.column(row: "R-1", name: "row_ref", value: "x"), "row_ref"),
            (.column(row: "R-1", name: "deadline", value: "soon"), "bad_date"),
            (.column(row: "R-1", name: "phone", value: "+34612100001"), "duplicate_phone"),
            (.column(row: "R-1", name: "depends_on", value: "R-1"), "dependency_cycle"),
            (.column(row: "R-1", name: "not_same_day_as", value: "R-2 R-4"), "unknown_ref"),
        ] as [(PlanningChange, String)])
    func whatCannotBeIsRefusedWithTheReason(_ change: PlanningChange, _ word: String) throws {
        var inputs = try inputs()
        let error = #expect(throws: PlanningChangeError.self) { try inputs.apply(change) }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test func withoutAnOperatorsFileThereIsNobodyToAdd() throws {
        for change in [
            PlanningChange.addOperator(line: "eve,UTC,Daily 00:00-24:00"), .removeOperator(id: "x"), .addShift(id: "x", windows: ""),
        ] {
            var inputs = try inputs(operators: nil)
            #expect(throws: PlanningChangeError.self) { try inputs.apply(change) }
        }
    }
}
