import Fleet
import Foundation
import Testing

@testable import Planner

/// The checker finds what is planted: a good plan is judged by stricter rules, or is tampered with.
@Suite struct PlantedTests {
    private static let maker = FleetMaker(seed: 2, rows: 24)
    private static let good = Case(fleet: maker.csv, operators: FleetMaker.operators)

    private func expect(_ rule: String, _ violations: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(violations.contains { $0.hasPrefix(rule) }, "\(violations.prefix(5))", sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        ("rule 9", "soak_hours", 1000), ("rule 6", "new_clients_per_7_days", 1), ("rule 4", "copy_lead_hours", 700),
        ("rule 3", "otp_max_lag_hours", 0),
        ("rule 5", "max_cutovers_per_client_per_day", 0), ("rule 4", "max_concurrent_copies", 0), ("rule 5", "max_concurrent_cutovers", 0),
        ("rule 5", "max_concurrent_cutovers_per_client", 0), ("tasks", "otp_minutes", 16), ("slots", "slot_minutes", 50),
    ]) func aStricterSettingIsBroken(_ rule: String, _ name: String, _ setting: Int) async throws {
        let plan = try Self.good.plan()
        var value = Self.good
        value.settings[name] = setting
        expect(rule, try await value.violations(plan))
    }

    @Test func aFreezeASmallerWaveAndAnEarlierHorizonAreBroken() async throws {
        let plan = try Self.good.plan()
        var value = Self.good
        value.settings["freezes"] = [["from": "2026-12-01T00:00:00Z", "to": "2027-01-31T00:00:00Z"]]
        expect("rule 1", try await value.violations(plan))
        value = Self.good
        value.settings["wave_sizes"] = [1]
        expect("rule 9", try await value.violations(plan))
        value = Self.good
        value.settings["horizon_to"] = "2026-12-02T00:00:00Z"
        expect("rule 1", try await value.violations(plan))
    }

    @Test(
        arguments: [
            ("rule 1", ["blackout_dates": "2026-12-01..2027-02-01"]), ("rule 1", ["earliest": "2027-02-01"]),
            ("rule 1", ["cutover_windows": "Mon 10:00-10:10"]),
            ("rule 1", ["otp_hours": "Mon 10:00-10:10"]), ("rule 7", ["two_step_lead_days": "300"]), ("rule 9", ["wave": "40"]),
            ("rule 9", ["canary_ok": "no"]),
        ] as [(String, [String: String])]) func aStricterRowIsBroken(_ rule: String, _ changes: [String: String]) async throws
    {
        let plan = try Self.good.plan()
        var maker = Self.maker
        maker.setAll(changes)
        var value = Self.good
        value.fleet = maker.csv
        expect(rule, try await value.violations(plan))
    }

    @Test func rowsBoundToEachOtherAreBroken() async throws {
        let plan = try Self.good.plan()
        let order = plan.waves.flatMap(\.rows)
        let first = try #require(Int(order[0].dropFirst(2)))
        var maker = Self.maker
        maker.set(first, ["depends_on": try #require(order.last)])
        var value = Self.good
        value.fleet = maker.csv
        expect("rule 8", try await value.violations(plan))
        maker = Self.maker
        maker.set(first, ["not_same_day_as": order.joined(separator: " ")])
        maker.set(try #require(Int(order[1].dropFirst(2))), ["not_same_day_as": order.joined(separator: " ")])
        value.fleet = maker.csv
        let days = Dictionary(grouping: plan.tasks.filter { $0.kind != .templateCopy }, by: { $0.start / 86_400 })
        if days.values.contains(where: { Set($0.compactMap(\.rowRef)).isSuperset(of: order.prefix(2)) }) {
            expect("rule 8", try await value.violations(plan))
        }
    }

    @Test(arguments: [
        ["Mon 01:00-01:20", "", ""], ["Daily 00:00-24:00", "fr", ""], ["Daily 00:00-24:00", "", "2026-12-01..2027-02-01"], [],
    ]) func otherOperatorsAreBroken(_ fields: [String]) async throws {
        let plan = try Self.good.plan()
        var value = Self.good
        let names = fields.isEmpty ? ["zoe"] : ["ana", "bob", "caro"]
        let line = fields.isEmpty ? "Daily 00:00-24:00,," : fields.joined(separator: ",")
        value.operators = "operator_id,time_zone,shifts,languages,off_dates\n" + names.map { "\($0),UTC,\(line)\n" }.joined()
        expect("rule 2", try await value.violations(plan))
    }

    @Test func aLateRowThatIsToldWronglyIsFound() async throws {
        var maker = Self.maker
        maker.set(3, ["earliest": "2026-12-20", "deadline": "2026-12-10"])
        let value = Case(fleet: maker.csv, operators: FleetMaker.operators)
        let plan = try value.plan()
        #expect(try await value.violations(plan) == [])
        let at = try #require(plan.late.firstIndex { $0.rowRef == "R-3" })
        for change in [
            { $0.late[at].days += 1 }, { $0.late.remove(at: at) }, { $0.late[at].reasons[0].constraints = [] },
            { $0.late[at].reasons[0].constraints.append("freezes") }, { $0.late[at].reasons[0].code = "no_capacity" },
            { $0.late[at].reasons[0].code = "not_found" }, { $0.late.append($0.late[at]) },
        ] as [(inout Plan) -> Void] {
            var copy = plan
            change(&copy)
            expect("late", try await value.violations(copy))
        }
    }

    @Test func aPlanThatWasTamperedWithIsFound() async throws {
        let plan = try Self.good.plan()
        func tampered(_ change: (inout Plan) -> Void) async throws -> [String] {
            var copy = plan
            change(&copy)
            return try await Self.good.violations(copy)
        }
        let codes = plan.tasks.indices.filter { plan.tasks[$0].kind == .otp && plan.tasks[$0].operatorID != nil }
        expect("tasks", try await tampered { $0.tasks.remove(at: codes[0]) })
        expect("objective", try await tampered { $0.objective.completion += 1 })
        expect("objective", try await tampered { $0.bound.completion = $0.objective.completion + 1 })
        expect("rule 9", try await tampered { $0.waves[1].lastEnd += 60 })
        expect(
            "rule 9",
            try await tampered { plan in for task in plan.tasks.indices where plan.tasks[task].wave == 1 { plan.tasks[task].wave = 9 } }
        )
        expect("format", try await tampered { $0.unplaced.append(UnplacedRow(rowRef: $0.waves[0].rows[0], reasons: [])) })
        expect("slots", try await tampered { $0.tasks[codes[0]].start += 60 })
        expect(
            "rule 1",
            try await tampered { plan in for task in codes { (plan.tasks[task].start, plan.tasks[task].end) = (plan.now - 900, plan.now) } }
        )
        // All codes of one operator and client at one moment.
        let moment = plan.tasks[codes[0]]
        let crowd = try await tampered { plan in
            for task in codes {
                (plan.tasks[task].start, plan.tasks[task].end, plan.tasks[task].operatorID) = (moment.start, moment.end, moment.operatorID)
            }
        }
        expect("rule 2", crowd)
        expect("rule 5", crowd)
        var unexplained = plan
        unexplained.rejected.append(.init(line: 2, column: nil, code: "bad_value", value: nil, message: ""))
        expect("format", try await Self.good.violations(unexplained))
    }
}
