import Fleet
import Foundation
import Testing

@testable import Planner

@Suite struct InputTests {
    private func read(_ members: String) throws(SettingsError) -> PlanningSettings {
        var text = "{\"mode\":1\(members)"
        if !members.contains("horizon_from") { text += ",\"horizon_from\":\"2026-12-01T00:00:00Z\"" }
        if !members.contains("horizon_to") { text += ",\"horizon_to\":\"2026-12-31T00:00:00+01:00\"" }
        return try PlanningSettings(json: Array((text + "}").utf8))
    }

    @Test func settingsHaveDefaultsAndUnknownKeysAreIgnored() throws {
        let settings = try read(",\"mood\":1,\"soak_hours\":1.5,\"wave_sizes\":[2]")
        #expect(settings.slotMinutes == 15 && settings.otp == .split && settings.soakHours == 1.5 && settings.waveSizes == [2])
        #expect(settings.horizonTo - settings.horizonFrom == 30 * 86_400 - 3600)
        #expect(try PlanningSettings(json: Array(settings.json.utf8)) == settings)
    }

    @Test(arguments: [
        (",\"slot_minutes\":0", "slot_minutes"), (",\"otp\":\"both\"", "otp"), (",\"wave_sizes\":[]", "wave_sizes"),
        (",\"wave_sizes\":[0]", "wave_sizes"),
        (",\"canary_share\":2", "canary_share"), (",\"soak_hours\":\"24\"", "soak_hours"), (",\"freezes\":[{\"from\":\"x\"}]", "freezes"),
        (",\"max_concurrent_copies\":1.5", "max_concurrent_copies"), (",\"otp\":\"joined\",\"otp_minutes\":20", "otp_minutes"),
        (",\"horizon_to\":\"2026-11-01T00:00:00Z\"", "horizon_to"), (",\"horizon_from\":\"tomorrow\"", "horizon_from"),
        (",\"slot_minutes\":1e400", ""),
    ]) func aBadSettingStopsWithItsName(_ members: String, _ name: String) {
        #expect(throws: SettingsError.self) { try read(members) }
        do { _ = try read(members) } catch { #expect(error.name == name && !error.expected.isEmpty, "\(error)") }
    }

    @Test func aMissingHorizonAndBadJSONAreErrors() {
        for text in ["{}", "[]", "", "{\"horizon_from\":null}"] {
            #expect(throws: SettingsError.self) { try PlanningSettings(json: Array(text.utf8)) }
        }
    }

    @Test func operatorsAreReadAndShiftsThatTouchAreMerged() throws {
        let operators = Operators.read(Array(FleetMaker.operators.utf8))
        #expect(operators.problems.isEmpty && operators.list.map(\.id) == ["ana", "bob", "caro"] && operators.list[0].maxParallel == 2)
        let week = Interval(start: 1_796_601_600, end: 1_796_601_600 + 3 * 86_400)  // Monday 2026-12-07 to Wednesday
        let shifts = operators.list[0].onShift(in: week)
        // Tuesday the 8th is off; the two shifts of a day are one.
        #expect(shifts.map { ($0.end - $0.start) / 3600 } == [13, 13] && shifts[1].start - shifts[0].start == 2 * 86_400)
    }

    @Test func everyProblemOfTheOperatorsIsPlaced() {
        let text = """
            operator_id,time_zone,shifts,languages,max_parallel,off_dates
            ,Mars/Base,Mon 25:00-26:00,english,0,2026-13-01
            a,UTC,Daily 00:00-24:00,,,
            a,UTC,Daily 00:00-24:00,,,
            """
        let problems = Operators.read(Array(text.utf8)).problems
        #expect(
            problems.map { "\($0.line) \($0.column ?? "") \($0.code)" } == [
                "2 operator_id missing_value", "2 time_zone bad_time_zone", "2 shifts bad_window", "2 languages bad_value",
                "2 max_parallel bad_value",
                "2 off_dates bad_date", "4 operator_id duplicate_ref",
            ])
        #expect(Operators.read(Array("operator_id,shifts\n".utf8)).problems.map(\.code) == ["missing_column"])
    }

    @Test(arguments: [
        "", "[]", "{\"plan\":{}}", "{\"plan\":{\"now\":\"x\",\"settings\":{}},\"tasks\":[]}",
        """
        {"plan":{"now":"2026-12-01T00:00:00Z","settings":{"horizon_from":"2026-12-01T00:00:00Z","horizon_to":"2026-12-02T00:00:00Z"}},
         "tasks":[{"id":"x","kind":"dance","start":"2026-12-01T00:00:00Z","end":"2026-12-01T00:00:00Z"}]}
        """,
    ]) func whatIsNoPlanIsRefused(_ text: String) {
        #expect(throws: PlanError.self) { try Plan(json: Array(text.utf8)) }
    }

    @Test func timesAreReadAndWritten() {
        #expect(PlanTime.text(1_796_083_200) == "2026-12-01T00:00:00Z" && PlanTime.instant("2026-12-01T01:30:00.25+01:30") == 1_796_083_200)
        for text in ["2026-12-01", "2026-12-01T00:00:00", "2026-12-01T24:00:00Z", "2026-02-30T00:00:00Z", "2026-12-01T00:00:00+1:00"] {
            #expect(PlanTime.instant(text) == nil)
        }
    }
}
