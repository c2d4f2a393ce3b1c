public import Fleet
public import Planner

/// A plan together with the rows it places, for people: a table, calendars and a page. Pure: the same plan gives the same bytes.
public struct PlanReport: Sendable {
    /// One row of the fleet and where it is.
    struct Entry {
        var row: FleetRow
        var code: PlanTask?
        var cutover: PlanTask?
        /// Why it has no place, or one after its deadline.
        var reasons: [UnplacedRow.Reason]

        /// The task that counts as the cut-over.
        var main: PlanTask? { cutover ?? (row.route == .coexistence ? code : nil) }
        /// Days after the deadline; 0 when it is in time or not placed.
        var daysLate: Int {
            guard let main, let deadline = row.deadline else { return 0 }
            return max(0, row.zone.date(of: main.end - 1).dayNumber - deadline.dayNumber)
        }
    }

    public let plan: Plan
    let entries: [Entry]
    /// The entries of each client, by their place.
    let byClient: [String: [Int]]

    /// - Parameter rows: the accepted rows of the fleet the plan was made of; tasks of other rows are left out.
    public init(plan: Plan, rows: [FleetRow]) {
        self.plan = plan
        var codes: [String: PlanTask] = [:]
        var cutovers: [String: PlanTask] = [:]
        for task in plan.tasks {
            guard let ref = task.rowRef else { continue }
            if task.kind == .otp { codes[ref] = task } else { cutovers[ref] = task }
        }
        let reasons = Dictionary(
            plan.unplaced.map { ($0.rowRef, $0.reasons) } + plan.late.map { ($0.rowRef, $0.reasons) },
            uniquingKeysWith: { first, _ in first })
        entries = rows.map {
            Entry(row: $0, code: codes[$0.rowRef], cutover: cutovers[$0.rowRef], reasons: reasons[$0.rowRef] ?? [])
        }
        byClient = Dictionary(grouping: rows.indices) { rows[$0].clientID }
    }

    /// Clients with a task, in the order of the fleet.
    public var clients: [String] {
        var seen: Set<String> = []
        return entries.filter { $0.main != nil && seen.insert($0.row.clientID).inserted }.map(\.row.clientID)
    }

    /// Operators with a code, sorted.
    public var operators: [String] { Set(entries.compactMap(\.code?.operatorID)).sorted() }

    /// A name of a client or an operator as part of a file's name: other characters than letters, digits, `-`, `_` and `.` are written as `~` and
    /// their number, so that two names never share a file.
    public static func fileName(_ name: String) -> String {
        var result = ""
        for (index, byte) in name.utf8.enumerated() {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
                || byte == 0x2E && index > 0
            result += isPlain ? String(UnicodeScalar(byte)) : "~" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        // File systems allow 255 bytes. A long name ends with a hash (64-bit FNV-1a) of all of it.
        guard result.utf8.count > 200 else { return result }
        let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\(result.prefix(180))~\(String(hash, radix: 16))"
    }

    static func clientName(_ row: FleetRow) -> String {
        let name = row.fields["client_name"] ?? ""
        return name.isEmpty ? row.clientID : name
    }

    /// Wall-clock time in the row's zone, `2026-12-03 22:15`.
    static func wall(_ instant: Int, _ zone: ZoneRules) -> String {
        let second = zone.secondOfDay(of: instant)
        return "\(zone.date(of: instant)) \(two(second / 3600)):\(two(second / 60 % 60))"
    }

    /// Replaces by scalars, not by characters: a mark before or after one makes another character of it.
    static func replacing(_ text: String, _ table: [Unicode.Scalar: String]) -> String {
        guard text.unicodeScalars.contains(where: { table[$0] != nil }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let other = table[scalar] { result.append(contentsOf: other.unicodeScalars) } else { result.append(scalar) }
        }
        return String(result)
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
