import Fleet
import Foundation
import Testing

@testable import Planner

/// Plans of every kind, judged by the checker that shares nothing with the planner.
@Suite struct RuleTests {
    private func check(_ value: Case, tries: Int = 3, atMostUnplaced: Int = 0, sourceLocation: SourceLocation = #_sourceLocation)
        async throws
        -> Plan
    {
        let plan = try value.plan(tries: tries)
        let violations = try await value.violations(plan)
        #expect(violations.isEmpty, "\(violations.prefix(5))", sourceLocation: sourceLocation)
        #expect(plan.unplaced.count <= atMostUnplaced, "\(plan.unplaced.prefix(3))", sourceLocation: sourceLocation)
        return plan
    }

    @Test(arguments: [1, 2, 3]) func aSmallFleetIsPlacedWhole(_ seed: UInt64) async throws {
        let plan = try await check(Case(fleet: FleetMaker(seed: seed, rows: 24).csv, operators: FleetMaker.operators))
        #expect(plan.waves.first?.wave == 0 && plan.waves.count > 1 && plan.objective.unplaced == 0)
    }

    @Test func aFleetOf300IsPlaced() async throws {
        let maker = FleetMaker(
            seed: 9, rows: 300, clients: 46,
            zones: ["Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York", "Atlantic/Azores"])
        _ = try await check(Case(fleet: maker.csv, operators: FleetMaker.operators), tries: 2, atMostUnplaced: 30)
    }

    @Test func withoutOperatorsNobodyIsNamed() async throws {
        let plan = try await check(Case(fleet: FleetMaker(seed: 4, rows: 24).csv))
        #expect(plan.tasks.allSatisfy { $0.operatorID == nil })
    }

    @Test func joinedCodesEndWhereTheirCutOverStarts() async throws {
        var value = Case(fleet: FleetMaker(seed: 5, rows: 24).csv)
        value.settings["otp"] = "joined"
        value.settings["otp_minutes"] = 30
        let plan = try await check(value)
        let cutovers = Dictionary(uniqueKeysWithValues: plan.tasks.filter { $0.kind == .cutover }.map { ($0.rowRef ?? "", $0.start) })
        let joined = plan.tasks.filter { $0.kind == .otp && cutovers[$0.rowRef ?? ""] != nil }
        #expect(!joined.isEmpty && joined.allSatisfy { cutovers[$0.rowRef ?? ""] == $0.end })
        value.operators = FleetMaker.operators.replacing("Mon-Fri 07:00-15:00;Mon-Fri 15:00-20:00", with: "Daily 00:00-24:00")
        _ = try await check(value, atMostUnplaced: 24)
    }

    /// The weeks in which the clocks change, with windows across the gap and the fold.
    @Test(arguments: [("2026-03-02", "2026-04-08"), ("2026-10-15", "2026-11-20")]) func clocksMayChange(_ from: String, _ to: String)
        async throws
    {
        let zones = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "America/Havana", "America/Santiago", "Atlantic/Azores"]
        var maker = FleetMaker(seed: 6, rows: 30, clients: 12, zones: zones)
        for row in stride(from: 1, through: 30, by: 2) {
            maker.set(row, ["cutover_windows": "Sat,Sun 00:00-03:00", "otp_hours": "Sun 01:30-04:00;Mon-Fri 09:00-12:00"])
        }
        var value = Case(fleet: maker.csv)
        value.settings["horizon_from"] = "\(from)T00:00:00Z"
        value.settings["horizon_to"] = "\(to)T00:00:00Z"
        _ = try await check(value, atMostUnplaced: 4)
    }

    @Test func capsDependenciesPinsFreezesAndBlackoutsHold() async throws {
        var maker = FleetMaker(seed: 7, rows: 40, clients: 6)
        maker.set(2, ["depends_on": "R-1"])
        maker.set(3, ["depends_on": "R-2 R-4"])
        maker.set(5, ["not_same_day_as": "R-6"])
        maker.set(8, ["wave": "canary"])
        maker.set(9, ["wave": "2"])
        maker.set(10, ["canary_ok": "no"])
        maker.set(11, ["blackout_dates": "2026-12-02..2026-12-20", "earliest": "2026-12-22"])
        var value = Case(fleet: maker.csv)
        let more: [String: any Sendable] = [
            "max_concurrent_cutovers": 2, "max_cutovers_per_client_per_day": 2, "new_clients_per_7_days": 2, "max_concurrent_copies": 1,
            "soak_hours": 12, "wave_sizes": [3, 6, 12], "freezes": [["from": "2026-12-10T00:00:00Z", "to": "2026-12-12T12:00:00Z"]],
        ]
        value.settings.merge(more) { $1 }
        let plan = try await check(value, tries: 8, atMostUnplaced: 6)
        #expect(plan.waves.first?.rows.contains("R-8") == true)
        #expect(plan.waves.first { $0.wave == 2 }?.rows.contains("R-9") == true, "\(plan.waves.map(\.rows.count)) \(plan.unplaced)")
    }

    @Test(arguments: 1...8) func tightWindowsBreakNoRule(_ seed: UInt64) async throws {
        var maker = FleetMaker(seed: seed, rows: 30, clients: 3)
        for row in 1...30 where maker.below(2) == 0 {
            let hour = maker.below(22)
            maker.set(
                row,
                [
                    "cutover_windows": "\(["Mon", "Wed", "Fri-Mon"][maker.below(3)]) \(hour):00-\(hour + 1):00",
                    "deadline": "2026-12-1\(maker.below(10))",
                    "otp_language": ["fr", "en", "pt"][maker.below(3)],
                ])
        }
        var value = Case(fleet: maker.csv, operators: FleetMaker.operators)
        value.settings["horizon_to"] = "2026-12-20T00:00:00Z"
        value.settings["slot_minutes"] = 20
        value.settings["otp_minutes"] = 25
        value.settings["otp_max_lag_hours"] = 30
        value.now = "2026-12-01T07:07:00Z"
        _ = try await check(value, atMostUnplaced: 30)
    }

    @Test func theSameInputGivesTheSameBytes() async throws {
        let value = Case(fleet: FleetMaker(seed: 8, rows: 40).csv, operators: FleetMaker.operators)
        let first = try value.plan(tries: 6).json()
        #expect(try value.plan(tries: 6).json() == first)
        let read = try Plan(json: first)
        #expect(read.json() == first)
    }

    /// Another seed gives codes to other operators, and changes nothing else.
    @Test func anotherSeedBreaksTiesOnly() async throws {
        let value = Case(fleet: FleetMaker(seed: 8, rows: 40).csv, operators: FleetMaker.operators)
        let first = try value.plan(seed: 1)
        var differ = false
        for seed in 2...4 {
            let other = try value.plan(seed: UInt64(seed))
            #expect(other.objective == first.objective && other.bound == first.bound && other.waves == first.waves)
            #expect(other.tasks.map(\.start) == first.tasks.map(\.start))
            #expect(try await value.violations(other) == [])
            differ = differ || other.tasks != first.tasks
        }
        #expect(differ)
    }

    @Test func progressIsTold() throws {
        let value = Case(fleet: FleetMaker(seed: 8, rows: 40).csv, operators: FleetMaker.operators)
        var told: [PlanProgress] = []
        let plan = try value.plan(tries: 3) { told.append($0) }
        #expect(!plan.tasks.isEmpty && told.starts(with: [.built(1, of: 3), .built(2, of: 3), .built(3, of: 3)]))
        let shares = told.compactMap { if case .improving(let share) = $0 { share } else { nil } }
        #expect(shares.count > 1 && shares == shares.sorted() && shares.allSatisfy { (0...1).contains($0) })
    }

    @Test func aPlanCutShortSaysSo() async throws {
        let plan = try Case(fleet: FleetMaker(seed: 8, rows: 40).csv).plan(tries: 50, timeLimit: .zero)
        #expect(plan.stoppedEarly && String(decoding: plan.json(), as: UTF8.self).contains("\"stopped_early\":true"))
    }

    @Test func rejectedRowsAreListed() async throws {
        var maker = FleetMaker(seed: 3, rows: 10)
        maker.set(4, ["time_zone": "Mars/Base"])
        maker.set(5, ["depends_on": "R-4"])
        let plan = try await check(Case(fleet: maker.csv), atMostUnplaced: 1)
        #expect(plan.rejected.map(\.code) == ["bad_time_zone"] && plan.rejected.map(\.line) == [5])
        #expect(plan.unplaced.map(\.rowRef) == ["R-5"] && plan.unplaced[0].reasons[0].constraints == ["depends_on"])
    }
}
