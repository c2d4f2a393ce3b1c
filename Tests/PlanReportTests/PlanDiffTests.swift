import Fleet
import Foundation
import PlanReport
import Testing

@testable import Planner

/// Two plans are compared row by row, and what is otherwise is told once.
@Suite struct PlanDiffTests {
    private static let head =
        "row_ref,client_id,phone,route,source_waba_id,dest_waba_id,time_zone,cutover_windows,otp_hours,deadline,otp_language"
    private static let lines = (1...6).map {
        "A-\($0),c\($0 % 2),+1650555010\($0),\($0 == 6 ? "coexistence" : "partner"),11,22,America/New_York,Daily 22:00-05:00,Daily 09:00-18:00,,"
    }

    private func fleet(_ lines: [String] = Self.lines) -> FleetFile {
        FleetFile.read(Array(([Self.head] + lines).joined(separator: "\n").utf8))
    }

    private func plan(_ fleet: FleetFile) throws -> Plan {
        let settings = try PlanningSettings(
            json: Array(#"{"horizon_from":"2026-12-01T00:00:00Z","horizon_to":"2026-12-31T00:00:00Z","soak_hours":1}"#.utf8))
        let operators = Operators.read(Array("operator_id,time_zone,shifts,languages\nana,UTC,Daily 00:00-24:00,\n".utf8))
        return Planner.plan(fleet: fleet, operators: operators, settings: settings, now: settings.horizonFrom, tries: 2, effort: 2000)
    }

    @Test func aPlanIsAsItIs() throws {
        let fleet = fleet()
        let plan = try plan(fleet)
        let diff = PlanDiff(from: plan, to: plan, fleet: fleet.rows)
        #expect(diff.rows.isEmpty && diff.unchanged == 6 && diff.copies == 0)
        #expect(diff.text() == "as good as before on every level\n6 as before")
    }

    @Test func everyKindOfChangeIsTold() throws {
        let fleet = fleet()
        let old = try plan(fleet)
        var new = old
        func task(_ id: String) throws -> Int { try #require(new.tasks.firstIndex { $0.id == id }) }
        // A-1 later, A-2 left out, A-3 to another operator, A-4 gone, A-7 new; and the copy earlier.
        let moved = try task("cutover:A-1")
        new.tasks[moved].start += 86_400 + 3600
        new.tasks[moved].end += 86_400 + 3600
        new.late = [LateRow(rowRef: "A-1", days: 1, reasons: [])]
        new.tasks.removeAll { $0.rowRef == "A-2" || $0.rowRef == "A-4" }
        new.unplaced = [UnplacedRow(rowRef: "A-2", reasons: [.init(code: "no_capacity", message: "All taken.", constraints: ["capacity"])])]
        new.tasks[try task("otp:A-3")].operatorID = "bob"
        var fresh = new.tasks[try task("cutover:A-5")]
        fresh.rowRef = "A-7"
        new.tasks.append(fresh)
        new.tasks[try task("copy:11>22")].start -= 900
        new.objective.unplaced += 3
        new.late.append(LateRow(rowRef: "A-6", days: 2, reasons: []))
        let diff = PlanDiff(from: old, to: new, fleet: fleet.rows)
        let kinds = Dictionary(uniqueKeysWithValues: diff.rows.map { ($0.rowRef, $0.kind) })
        #expect(kinds == ["A-1": .moved, "A-2": .leftOut, "A-3": .reassigned, "A-4": .removed, "A-6": .lateness, "A-7": .added])
        #expect(diff.unchanged == 1 && diff.copies == 1)
        let text = diff.text()
        #expect(text.contains("unplaced: 0 → 3") && text.contains("(1 day 1 hour later); 1 day late (America/New_York)"), "\(text)")
        #expect(
            text.contains("no place: All taken.") && text.contains("operator ana → bob") && text.contains("no longer in the fleet"),
            "\(text)")
        // The other way round: what was lost is won.
        let back = PlanDiff(from: new, to: old, fleet: [])
        let other = Dictionary(uniqueKeysWithValues: back.rows.map { ($0.rowRef, $0.kind) })
        #expect(other == ["A-1": .moved, "A-2": .placed, "A-3": .reassigned, "A-4": .added, "A-6": .lateness, "A-7": .removed])
        #expect(back.text().contains("1 hour earlier); in time now\n"), "\(back.text())")
        let json = String(decoding: try JSONEncoder().encode(diff), as: UTF8.self)
        #expect(json.contains(#""kind":"left_out""#) && !json.contains("words"))
    }

    @Test func aLongListIsCutAndCounted() throws {
        let fleet = fleet()
        let old = try plan(fleet)
        var new = old
        for index in new.tasks.indices where new.tasks[index].rowRef != nil { new.tasks[index].start += 900 }
        let text = PlanDiff(from: old, to: new, fleet: fleet.rows).text(most: 2)
        #expect(text.contains("6 move:") && text.contains("  and 4 more") && text.hasSuffix("0 as before"), "\(text)")
    }
}
