public import Fleet

/// A person who takes one-time codes from clients.
public struct Operator: Sendable, Equatable {
    public var id: String
    public var zone: ZoneRules
    public var shifts: WeeklyWindows
    /// Two-letter codes; empty: every language.
    public var languages: Set<String>
    /// Codes taken at the same time.
    public var maxParallel: Int
    public var offDates: [LocalDateRange]

    func speaks(_ language: String?) -> Bool {
        guard let language, !languages.isEmpty else { return true }
        return languages.contains(language)
    }

    /// When the person is on shift, merged where shifts touch.
    func onShift(in range: Interval, withOffDates: Bool = true) -> [Interval] {
        var merged: [Interval] = []
        let off = withOffDates ? offDates : []
        for shift in shifts.intervals(in: range, zone: zone, except: { date in off.contains { $0.contains(date) } }) {
            if let last = merged.last, shift.start <= last.end {
                merged[merged.count - 1].end = max(last.end, shift.end)
            } else {
                merged.append(shift)
            }
        }
        return merged
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.id == right.id && left.zone.name == right.zone.name && left.shifts == right.shifts && left.languages == right.languages
            && left.maxParallel == right.maxParallel && left.offDates == right.offDates
    }
}

/// OPERATORS.csv: the people who are there, and everything that is wrong with the file.
public struct Operators: Sendable, Equatable {
    public var list: [Operator] = []
    /// Sorted by line. A file with problems is not to be planned with.
    public var problems: [FleetProblem] = []

    public init(list: [Operator] = []) { self.list = list }

    static let columns = ["operator_id", "time_zone", "shifts", "languages", "max_parallel", "off_dates"]

    /// Reads a whole file; what is wrong is listed, never thrown.
    public static func read(_ data: [UInt8], encoding: FileEncoding = .utf8) -> Operators {
        var operators = Operators()
        let table = CSVTable(data, encoding: encoding, required: Array(columns.prefix(3)))
        operators.problems = table.problems
        guard !table.problems.contains(where: { $0.code == "missing_column" }) else { return operators }
        var lines: [String: Int] = [:]
        for row in table.rows {
            if let person = operators.read(row) { operators.list.append(person) }
            guard let id = row.fields["operator_id"], !id.isEmpty else { continue }
            if let first = lines[id] {
                operators.add(row, "operator_id", "duplicate_ref", "operator_id is already used on line \(first)")
            } else {
                lines[id] = row.line
            }
        }
        operators.problems.sort {
            ($0.line, columns.firstIndex(of: $0.column ?? "") ?? 99, $0.code) < (
                $1.line, columns.firstIndex(of: $1.column ?? "") ?? 99, $1.code
            )
        }
        return operators
    }

    private mutating func add(_ row: CSVTable.Row, _ column: String, _ code: String, _ message: String) {
        problems.append(FleetProblem(line: row.line, column: column, code: code, value: row.fields[column], message: message))
    }

    private mutating func read(_ row: CSVTable.Row) -> Operator? {
        let before = problems.count
        func text(_ column: String) -> String { row.fields[column] ?? "" }
        for column in Self.columns.prefix(3) where text(column).isEmpty { add(row, column, "missing_value", "\(column) is required") }
        let zone = ZoneRules.named(text("time_zone"))
        if zone == nil && !text("time_zone").isEmpty {
            add(row, "time_zone", "bad_time_zone", "not an IANA time zone, such as America/Sao_Paulo")
        }
        var shifts: WeeklyWindows?
        if !text("shifts").isEmpty {
            do { shifts = try WeeklyWindows(text("shifts")) } catch {
                add(row, "shifts", "bad_window", "\"\(error.part)\": expected \(error.expected)")
            }
        }
        var languages: Set<String> = []
        for code in text("languages").split(separator: " ") {
            if code.utf8.count == 2, code.allSatisfy({ $0.isASCII && $0.isLetter }) {
                languages.insert(code.lowercased())
            } else {
                add(row, "languages", "bad_value", "\(code): expected two-letter codes separated by spaces, such as pt es")
            }
        }
        var parallel = 1
        if !text("max_parallel").isEmpty {
            if let number = Int(text("max_parallel")), (1...1000).contains(number) {
                parallel = number
            } else {
                add(row, "max_parallel", "bad_value", "expected a whole number from 1 to 1000")
            }
        }
        var off: [LocalDateRange] = []
        do { off = try LocalDateRange.list(text("off_dates")) } catch {
            add(row, "off_dates", "bad_date", "\"\(error.part)\": expected \(error.expected)")
        }
        guard problems.count == before, let zone, let shifts else { return nil }
        return Operator(id: text("operator_id"), zone: zone, shifts: shifts, languages: languages, maxParallel: parallel, offDates: off)
    }
}
