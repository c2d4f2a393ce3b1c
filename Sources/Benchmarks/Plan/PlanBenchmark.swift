import Fleet
import Foundation
import PhoneNumbers
import Planner

/// How long a fleet of so many rows takes to be read and planned, and how much memory.
package struct PlanBenchmark: Sendable {
    package struct Parameters: Codable, Sendable {
        /// Sizes of the fleets, planned one after the other.
        package var rows: [Int]
        package var seed: UInt64

        package init(rows: [Int], seed: UInt64) {
            self.rows = rows
            self.seed = seed
        }
    }

    package struct Fleet: Codable, Sendable {
        package var rows: Int
        package var readSeconds: Double
        package var planSeconds: Double
        /// Rows without a place: those that have none alone are among them.
        package var unplaced: Int
        package var waves: Int
        /// The most memory the process has held so far, in KiB.
        package var peakKib: Int
    }

    package struct Result: Codable, Sendable {
        package var fleets: [Fleet]
    }

    package typealias Report = BenchmarkReport<Result, Parameters>

    private let parameters: Parameters

    package init(_ parameters: Parameters) { self.parameters = parameters }

    package func run() throws -> Report {
        var fleets: [Fleet] = []
        for rows in parameters.rows {
            let made = MadeFleet(rows: rows, seed: parameters.seed)
            let bytes = Array(made.csv.utf8)
            let start = MonotonicTime.micros
            let fleet = FleetFile.read(bytes)
            let operators = Operators.read(Array(made.operators.utf8))
            let settings = try PlanningSettings(json: Array(made.settings.utf8))
            let read = MonotonicTime.micros
            guard fleet.problems.isEmpty, operators.problems.isEmpty else {
                throw BenchmarkError("the made fleet has problems: \(fleet.problems.first.map { "\($0)" } ?? "operators")")
            }
            let plan = Planner.plan(fleet: fleet, operators: operators, settings: settings, now: settings.horizonFrom, seed: 1)
            let end = MonotonicTime.micros
            fleets.append(
                Fleet(
                    rows: rows, readSeconds: Double(read - start) / 1e6, planSeconds: Double(end - read) / 1e6,
                    unplaced: plan.unplaced.count, waves: plan.waves.count, peakKib: ProcessTimes.peakKiB(getpid()) ?? 0))
        }
        return Report(
            benchmark: "plan", result: Result(fleets: fleets), environment: MeasuredOn(), parameters: parameters,
            problems: Self.problems(fleets))
    }

    private static func problems(_ fleets: [Fleet]) -> [String] {
        var problems: [String] = []
        let limits: [(rows: Int, seconds: Double)] = [(300, 2), (10_000, 20), (100_000, 120)]
        for fleet in fleets {
            let seconds = fleet.readSeconds + fleet.planSeconds
            if let limit = limits.first(where: { fleet.rows <= $0.rows }), seconds >= limit.seconds {
                problems.append(
                    String(
                        format: "%ld rows took %.1f s; less than %.0f s are promised for %ld", fleet.rows, seconds, limit.seconds,
                        limit.rows))
            }
            if fleet.rows <= 100_000, fleet.peakKib >= 2 << 20 {
                problems.append("\(fleet.rows) rows took \(fleet.peakKib) KiB; less than 2 GiB are promised")
            }
            if let twice = fleets.first(where: { $0.rows == fleet.rows * 2 }) {
                let ratio = (twice.readSeconds + twice.planSeconds) / max(0.001, seconds)
                if ratio > 2.5 {
                    problems.append(
                        String(format: "twice %ld rows took %.2f times as long; at most 2.5 times are promised", fleet.rows, ratio))
                }
            }
        }
        return problems
    }
}

/// A provider's fleet: four numbers a client on average, all routes, twelve zones, windows and deadlines of every kind, and room for all of them.
struct MadeFleet {
    private static let zones = [
        "Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "America/Havana", "UTC",
        "Africa/Lagos", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland", "Africa/Cairo",
    ]
    private static let windows = [
        "Mon-Thu 22:00-05:00;Sat 06:00-12:00", "Daily 01:00-05:00", "Sun 08:00-20:00", "Tue,Thu 23:00-03:00", "Daily 00:00-24:00",
        "Mon-Fri 18:00-23:00", "Fri-Mon 20:00-02:00",
    ]
    private static let hours = ["", "", "Mon-Fri 09:00-18:00", "Mon-Sat 08:00-13:00", "Sun 01:30-04:00;Mon-Fri 09:00-12:00"]
    private static let peaks = ["", "09:00-12:00;18:00-20:00", "22:00-02:00"]
    private static let routes = ["partner", "partner", "partner", "signup", "coexistence", "on_prem"]

    let csv: String
    let operators: String
    let settings: String

    init(rows: Int, seed: UInt64) {
        var random = SplitMix(state: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        func pick(_ list: [String]) -> String { list[below(list.count)] }
        let days = rows <= 2000 ? 60 : rows <= 20_000 ? 180 : 365
        let clients = max(1, rows / 4)
        // Horizons begin on the first of December.
        func date(_ day: Int) -> String {
            let time = Date(timeIntervalSince1970: 1_796_083_200 + Double(day) * 86_400)
            return time.formatted(.iso8601.year().month().day())
        }
        let zoneOf = (0..<clients).map { _ in pick(Self.zones) }
        var csv = "row_ref,client_id,phone,route,source_provider,source_waba_id,dest_waba_id,time_zone,cutover_windows,otp_hours,"
        csv += "blackout_dates,earliest,deadline,priority,daily_messages,peak_hours,otp_language,two_step_lead_days,depends_on\n"
        for row in 0..<rows {
            let client = below(clients)
            let route = pick(Self.routes)
            csv += "R-\(row + 1),c\(client),+346\(10_000_000 + row),\(route),\(pick(["north", "south"])),"
            csv += (route == "partner" ? "\(100_000 + client)" : "") + ",\(500_000 + client),\(zoneOf[client]),\"\(pick(Self.windows))\","
            csv += "\"\(pick(Self.hours))\"," + (below(10) == 0 ? "2026-12-24..2026-12-26" : "") + ","
            csv += (below(10) == 0 ? date(below(10)) : "") + "," + (below(5) == 0 ? date(days / 3 + below(days - days / 3)) : "") + ","
            csv += "\(1 + below(5)),\([0, 200, 1000, 4000][below(4)]),\"\(pick(Self.peaks))\",\(pick(["es_ES", "en_US", ""])),"
            csv += "\([0, 0, 1, 3][below(4)])," + (row > 0 && below(50) == 0 ? "R-\(1 + below(row))" : "") + "\n"
        }
        self.csv = csv
        var people = "operator_id,time_zone,shifts,languages,max_parallel,off_dates\n"
        for person in 0..<max(3, rows / 600) {
            people += "op\(person),\(pick(Self.zones)),Mon-Sat 07:00-22:00,\(pick(["es en", "", ""])),\([1, 2, 4][below(3)]),\n"
        }
        operators = people
        settings = """
            {"horizon_from":"\(date(0))T00:00:00Z","horizon_to":"\(date(days))T00:00:00Z","new_clients_per_7_days":\(max(200, clients / 12)),
             "max_concurrent_cutovers":\(max(10, rows / 150)),"max_concurrent_copies":\(max(2, rows / 200)),
             "wave_sizes":[\(max(5, rows / 100)),\(max(10, rows / 30)),\(max(25, rows / 10)),\(max(50, rows / 5)),\(max(100, rows / 5))]}
            """
    }
}
