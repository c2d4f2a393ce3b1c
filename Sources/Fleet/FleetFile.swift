import PhoneNumbers

/// A fleet file: the rows that are good, and everything that is wrong.
public struct FleetFile: Sendable {
    /// Accepted rows, in the order of the file.
    public var rows: [FleetRow] = []
    /// Sorted by line, then by column position.
    public var problems: [FleetProblem] = []
    /// What a person should know though nothing was rejected.
    public var warnings: [String] = []
    /// Rows in the file, good and bad.
    public var rowCount = 0

    /// Largest file, in bytes.
    public static let largest = 64 << 20

    static let required = ["row_ref", "client_id", "phone", "route", "dest_waba_id", "time_zone", "cutover_windows"]
    static let optional = [
        "phone_region", "source_waba_id", "source_phone_number_id", "client_name", "dest_portfolio_id", "display_name", "source_provider",
        "data_region", "otp_hours", "blackout_dates", "earliest", "deadline", "priority", "daily_messages", "peak_hours", "otp_method",
        "otp_language", "two_step_lead_days", "template_count", "depends_on", "not_same_day_as", "wave", "canary_ok", "test_recipients",
        "test_template", "rebuild_profile", "notes",
    ]

    /// Reads a whole file; what is wrong is listed, never thrown.
    public static func read(_ data: [UInt8], encoding: FileEncoding = .utf8) -> FleetFile {
        var file = FleetFile()
        guard data.count <= largest else {
            file.problems = [
                FleetProblem(
                    line: 1, column: nil, code: "bad_value", value: "\(data.count) bytes",
                    message: "the file is larger than 64 MiB; split it")
            ]
            return file
        }
        let table = CSVTable(data, encoding: encoding, required: required)
        file.problems = table.problems
        let known = Set(required + optional)
        for column in table.columns where !known.contains(column) && !column.isEmpty {
            file.warnings.append("unknown column \(column): kept as a note")
        }
        if table.emptyRows > 0 { file.warnings.append("\(table.emptyRows) empty rows were left out") }
        file.rowCount = table.rows.count + Set(table.problems.filter { $0.line > 1 }.map(\.line)).count
        guard !table.problems.contains(where: { $0.code == "missing_column" }) else { return file }
        file.check(table.rows)
        return file
    }

    /// Reads rows that were stored: column name to text.
    public static func read(stored: [[String: String]]) -> FleetFile {
        var file = FleetFile()
        file.rowCount = stored.count
        file.check(stored.enumerated().map { CSVTable.Row(line: $0.offset + 2, fields: $0.element) })
        return file
    }

    private mutating func check(_ rows: [CSVTable.Row]) {
        var parsed: [FleetRow] = []
        var numbers: [String: [Int]] = [:]
        var raw: [(line: Int, ref: String, phone: String, e164: String?, dependsOn: [String], others: [String])] = []
        for row in rows {
            var reader = RowReader(row: row)
            let result = reader.read()
            problems += reader.problems
            warnings += reader.warnings
            if let result { parsed.append(result) }
            if let e164 = reader.e164 { numbers[e164, default: []].append(raw.count) }
            raw.append(
                (row.line, row.fields["row_ref"] ?? "", row.fields["phone"] ?? "", reader.e164, reader.dependsOn, reader.notSameDayAs))
        }
        for (e164, group) in numbers where group.count > 1 {
            for index in group {
                let others = group.filter { $0 != index }.prefix(5).map { "line \(raw[$0].line)" }.joined(separator: ", ")
                add(raw[index].line, "phone", "duplicate_phone", raw[index].phone, "\(e164) is also on \(others); a number can move once")
            }
        }
        var firstLine: [String: Int] = [:]
        for row in raw where !row.ref.isEmpty {
            if let first = firstLine[row.ref] {
                add(row.line, "row_ref", "duplicate_ref", row.ref, "row_ref is already used on line \(first)")
            } else {
                firstLine[row.ref] = row.line
            }
        }
        for row in raw {
            for (column, refs) in [("depends_on", row.dependsOn), ("not_same_day_as", row.others)] {
                for ref in refs where firstLine[ref] == nil { add(row.line, column, "unknown_ref", ref, "no row has row_ref \(ref)") }
            }
            if row.others.contains(row.ref) {
                add(row.line, "not_same_day_as", "bad_value", row.ref, "a row cannot be on another day than itself")
            }
        }
        let edges = Dictionary(raw.map { ($0.ref, $0.dependsOn) }, uniquingKeysWith: { first, _ in first })
        let cycles = DependencyCycles.find(edges)
        for row in raw where firstLine[row.ref] == row.line {
            if let cycle = cycles[row.ref] {
                add(
                    row.line, "depends_on", "dependency_cycle", row.dependsOn.joined(separator: " "),
                    "waits for itself: \(cycle.joined(separator: " → "))")
            }
        }
        let bad = Set(problems.map(\.line))
        self.rows = parsed.filter { !bad.contains($0.line) }
        let order = Dictionary(
            (Self.required + Self.optional).enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        problems.sort { left, right in
            (left.line, order[left.column ?? ""] ?? 99, left.code) < (right.line, order[right.column ?? ""] ?? 99, right.code)
        }
    }

    private mutating func add(_ line: Int, _ column: String, _ code: String, _ value: String, _ message: String) {
        problems.append(FleetProblem(line: line, column: column, code: code, value: value, message: message))
    }
}
