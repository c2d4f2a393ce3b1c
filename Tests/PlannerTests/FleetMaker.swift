import Fleet
import Foundation
import Planner
import TestProcesses

/// Fleets from a seed, in the shape of a provider's: few large clients, many small ones, several zones, shared WABAs.
struct FleetMaker {
    static let columns = [
        "row_ref", "client_id", "phone", "route", "source_provider", "source_waba_id", "dest_waba_id", "time_zone", "cutover_windows",
        "otp_hours",
        "blackout_dates", "earliest", "deadline", "priority", "daily_messages", "peak_hours", "otp_language", "two_step_lead_days",
        "depends_on",
        "not_same_day_as", "wave", "canary_ok",
    ]

    private var state: UInt64
    var rows: [[String: String]] = []

    init(seed: UInt64, rows count: Int, clients: Int = 7, zones: [String] = ["Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata"]) {
        state = seed
        for number in 0..<count {
            let client = min(below(clients), below(clients))
            let route = ["partner", "partner", "partner", "partner", "signup", "coexistence", "on_prem"][below(7)]
            rows.append([
                "row_ref": "R-\(number + 1)", "client_id": "c\(client)", "phone": "+34612\(100_000 + number)", "route": route,
                "source_provider": ["north", "south"][below(2)], "source_waba_id": route == "partner" ? "\(100 + client)" : "",
                "dest_waba_id": "\(500 + client)", "time_zone": zones[client % zones.count],
                "cutover_windows": ["Mon-Thu 22:00-05:00;Sat 06:00-12:00", "Daily 01:00-05:00", "Sun 08:00-20:00", "Tue,Thu 23:00-03:00"][
                    below(4)],
                "otp_hours": ["", "Mon-Fri 09:00-18:00", "Mon-Sat 08:00-13:00"][below(3)], "priority": "\(1 + below(5))",
                "daily_messages": "\(below(4000))", "peak_hours": ["", "09:00-12:00;18:00-20:00", "22:00-02:00"][below(3)],
                "otp_language": ["es_ES", "en_US", ""][below(3)], "two_step_lead_days": "\(below(4))",
            ])
        }
    }

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    /// Row numbers from 1, as in their refs.
    mutating func set(_ row: Int, _ changes: [String: String]) { rows[row - 1].merge(changes) { _, new in new } }
    mutating func setAll(_ changes: [String: String]) { for row in rows.indices { set(row + 1, changes) } }

    var csv: String {
        let lines = rows.map { row in Self.columns.map { "\"\(row[$0] ?? "")\"" }.joined(separator: ",") }
        return ([Self.columns.joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
    }

    static let operators = """
        operator_id,time_zone,shifts,languages,max_parallel,off_dates
        ana,Europe/Madrid,Mon-Fri 07:00-15:00;Mon-Fri 15:00-20:00,es en,2,2026-12-08
        bob,Asia/Kolkata,Mon-Sat 07:00-15:00,en,1,
        caro,America/Sao_Paulo,Daily 22:00-06:00;Daily 08:00-16:00,,2,
        """
}

/// Everything that is planned and checked together.
struct Case {
    var fleet: String
    var operators: String?
    var settings: [String: any Sendable] = ["horizon_from": "2026-12-01T00:00:00Z", "horizon_to": "2027-01-31T00:00:00Z"]
    var now: String?
    var previous: Plan?

    var settingsJSON: Data { get throws { try JSONSerialization.data(withJSONObject: settings, options: .sortedKeys) } }

    func plan(
        seed: UInt64 = 1, tries: Int = 3, effort: Int = 20_000, timeLimit: Duration? = nil, progress: (PlanProgress) -> Void = { _ in }
    ) throws -> Plan {
        let settings = try PlanningSettings(json: Array(settingsJSON))
        return Planner.plan(
            fleet: FleetFile.read(Array(fleet.utf8)), operators: operators.map { Operators.read(Array($0.utf8)) }, settings: settings,
            previous: previous, now: now.flatMap { PlanTime.instant($0) } ?? settings.horizonFrom, seed: seed, tries: tries, effort: effort,
            timeLimit: timeLimit, progress: progress)
    }

    /// The violations that the stand-alone checker finds; empty: none.
    func violations(_ plan: Plan) async throws -> [String] { try await violations(json: Data(plan.json())) }

    func violations(json: Data) async throws -> [String] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plan-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var arguments: [String] = []
        func file(_ option: String, _ data: Data) throws {
            let url = folder.appending(path: option)
            try data.write(to: url)
            arguments += ["--\(option)", url.path]
        }
        try file("fleet", Data(fleet.utf8))
        try file("settings", settingsJSON)
        try file("plan", json)
        if let operators { try file("operators", Data(operators.utf8)) }
        if let previous { try file("previous", Data(previous.json())) }
        let program = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Checker/check_plan.py")
        let ended = try await Child.run(URL(filePath: "/usr/bin/env"), ["python3", "-B", program.path] + arguments)
        let text = ended.output + ended.error
        switch ended.code {
        case 0: return []
        case 1 where text.contains(": "): return text.split(separator: "\n").map(String.init)
        default: return ["checker failed: \(text)"]
        }
    }
}
