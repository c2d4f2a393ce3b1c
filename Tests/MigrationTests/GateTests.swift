import Fleet
import Foundation
import Testing

@testable import Migration

@Suite struct GateTests {
    static let now = Date(timeIntervalSince1970: 1_796_083_200)

    static func facts(_ change: (inout GateFacts) -> Void = { _ in }) -> GateFacts {
        var facts = GateFacts(
            now: now, windowEnd: now.addingTimeInterval(7200), planState: "armed", templatesVerified: true, templatesPending: 0,
            templatesSummary: "",
            frozenBy: nil, earlierWaves: [], soakSeconds: 3600, waitsFor: [], running: 0, runningOfClient: 0, cap: 10, capOfClient: 1,
            registerCalls: 0)
        change(&facts)
        return facts
    }

    @Test func withNothingInTheWayItGoes() { #expect(CutoverGate.verdict(Self.facts()) == .go) }

    @Test func aRowWithoutASourceHasNoTemplatesToWaitFor() {
        #expect(CutoverGate.verdict(Self.facts { $0.templatesVerified = nil }) == .go)
    }

    static let holds: [(String, @Sendable (inout GateFacts) -> Void)] = [
        ("plan_not_armed", { $0.planState = "superseded" }), ("templates_unverified", { $0.templatesVerified = false }),
        ("templates_under_review", { $0.templatesPending = 1 }), ("wave_frozen", { $0.frozenBy = "A-1: failed" }),
        ("earlier_wave_running", { $0.earlierWaves = [.init(wave: 0, unfinished: 1, done: 3, lastDoneAt: .distantPast, released: false)] }),
        ("earlier_wave_untested", { $0.earlierWaves = [.init(wave: 0, unfinished: 0, done: 0, lastDoneAt: nil, released: false)] }),
        (
            "soaking",
            { $0.earlierWaves = [.init(wave: 0, unfinished: 0, done: 1, lastDoneAt: now.addingTimeInterval(-3599), released: false)] }
        ),
        ("depends_on", { $0.waitsFor = ["B-1"] }), ("capacity", { $0.running = 10 }), ("client_capacity", { $0.runningOfClient = 1 }),
    ]

    @Test(arguments: 0..<holds.count)
    func eachGateHoldsWithItsCodeAndNoLongerThanTheWindow(index: Int) {
        let (code, change) = Self.holds[index]
        var facts = Self.facts()
        change(&facts)
        guard case .hold(let found, let reason, let until) = CutoverGate.verdict(facts) else {
            Issue.record("\(code) does not hold")
            return
        }
        #expect(found == code && !reason.isEmpty)
        #expect(until > facts.now && until <= facts.now.addingTimeInterval(7200))
        facts.windowEnd = facts.now.addingTimeInterval(30)
        if case .hold(_, _, let soon) = CutoverGate.verdict(facts) { #expect(soon <= facts.now.addingTimeInterval(30)) }
    }

    @Test func aSoakedAndAReleasedWaveLetGo() {
        let soaked = GateFacts.EarlierWave(wave: 0, unfinished: 0, done: 1, lastDoneAt: Self.now.addingTimeInterval(-3600), released: false)
        let released = GateFacts.EarlierWave(wave: 1, unfinished: 4, done: 0, lastDoneAt: nil, released: true)
        #expect(CutoverGate.verdict(Self.facts { $0.earlierWaves = [soaked, released] }) == .go)
    }

    @Test func outsideEveryWindowItIsMissed() {
        guard case .missed(let code, _) = CutoverGate.verdict(Self.facts { $0.windowEnd = nil }) else {
            Issue.record("not missed")
            return
        }
        #expect(code == "outside_window")
    }

    @Test(arguments: [(7, true), (8, false), (10, false)])
    func theRegisterBudgetIsKept(calls: Int, goes: Bool) {
        #expect((CutoverGate.verdict(Self.facts { $0.registerCalls = calls }) == .go) == goes)
    }

    static func row(_ more: [String: String]) throws -> FleetRow {
        var fields = [
            "row_ref": "A-1", "client_id": "c", "phone": "+16505550101", "route": "partner", "source_waba_id": "11", "dest_waba_id": "22",
            "time_zone": "America/Sao_Paulo", "cutover_windows": "Mon-Thu 22:00-05:00",
        ]
        for (key, value) in more { fields[key] = value }
        return try #require(StoredRow.row(fields))
    }

    static func at(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

    /// Sao Paulo is UTC−3: Tuesday 22:00 there is Wednesday 01:00 UTC.
    @Test(
        arguments: [
            ("2026-12-02T00:59:59Z", [:], false), ("2026-12-02T01:00:00Z", [:], true), ("2026-12-02T07:54:00Z", [:], true),
            ("2026-12-02T07:56:00Z", [:], false), ("2026-12-02T02:00:00Z", ["blackout_dates": "2026-12-01"], false),
            ("2026-12-02T04:00:00Z", ["blackout_dates": "2026-12-01"], true), ("2026-12-02T02:00:00Z", ["earliest": "2026-12-02"], false),
        ] as [(String, [String: String], Bool)])
    func aWindowIsLocalAndMustLastLongEnough(at: String, more: [String: String], open: Bool) throws {
        let hours = RowHours(row: try Self.row(more), freezes: [])
        #expect((hours.window(.cutover, at: try Self.at(at), needed: 300) != nil) == open)
    }

    @Test(
        arguments: [
            ("2026-12-02T02:00:00Z", [], [:], "2026-12-02T02:00:00Z"), ("2026-12-02T07:45:00Z", [], [:], "2026-12-03T01:00:00Z"),
            ("2026-12-04T09:00:00Z", [], [:], "2026-12-08T01:00:00Z"),
            ("2026-12-02T02:00:00Z", [["2026-12-02T00:00:00Z", "2026-12-02T05:00:00Z"]], [:], "2026-12-02T05:00:00Z"),
            ("2026-12-02T02:00:00Z", [], ["blackout_dates": "2026-12-01"], "2026-12-02T03:00:00Z"),
        ] as [(String, [[String]], [String: String], String)])
    func theNextOccurrenceOfAWindowIsFound(from: String, freezes: [[String]], more: [String: String], expected: String) throws {
        let intervals = try freezes.map {
            Interval(start: Int(try Self.at($0[0]).timeIntervalSince1970), end: Int(try Self.at($0[1]).timeIntervalSince1970))
        }
        let hours = RowHours(row: try Self.row(more), freezes: intervals)
        #expect(hours.next(.cutover, from: try Self.at(from), seconds: 1800) == (try Self.at(expected)))
    }

    @Test func aRowThatNeverOpensHasNoNextOccurrence() throws {
        let hours = RowHours(row: try Self.row(["blackout_dates": "2026-12-01..2027-12-31"]), freezes: [])
        #expect(hours.next(.cutover, from: try Self.at("2026-12-02T02:00:00Z"), seconds: 1800) == nil)
    }

    @Test func aFieldMetaDoesNotTellIsNoFinding() {
        let facts = MoveFacts(
            number: NumberFacts(id: "1", displayNumber: "1"), source: WABAFacts(id: "1"), destination: WABAFacts(id: "2", fundingID: "f"))
        #expect(Preconditions.findings(route: .partner, facts: facts).isEmpty)
    }

    @Test func aRouteByPersonLooksAtTheDestinationOnly() {
        let facts = MoveFacts(number: nil, source: nil, destination: WABAFacts(id: "2", fundingID: "f"))
        #expect(Preconditions.findings(route: .signup, facts: facts).isEmpty)
        #expect(Preconditions.findings(route: .partner, facts: facts).map(\.code) == ["number_not_found"])
    }
}
