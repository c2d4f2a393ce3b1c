/// Reads a fleet file in pieces as they come. What is wrong is listed, never thrown.
public struct FleetReader: Sendable {
    private var rows: CSVRowReader
    private var checks: FleetChecks
    private var size = 0
    /// Why nothing more is read.
    private var stopped: FleetProblem?
    private var badRecords = 0
    /// Rows of a file that lacks a column.
    private var unchecked = 0

    /// Bytes that are moved at once.
    private static let piece = 1 << 20

    /// - Parameter keepsRows: false: the rows are only counted and checked, so that a file of any length needs little memory.
    public init(encoding: FileEncoding = .utf8, keepsRows: Bool = true) {
        rows = CSVRowReader(encoding: encoding, required: FleetFile.required)
        checks = FleetChecks(keepsRows: keepsRows)
    }

    /// Gives it the next bytes of the file.
    public mutating func feed(_ bytes: some RandomAccessCollection<UInt8>) {
        size += bytes.count
        if size > FleetFile.largest {
            stop("more than \(FleetFile.largest) bytes", "the file is larger than \(FleetFile.largest >> 20) MiB; split it")
        }
        var rest = bytes[...]
        while stopped == nil, !rest.isEmpty {
            rows.feed(rest.prefix(Self.piece))
            rest = rest.dropFirst(Self.piece)
            readRows()
        }
    }

    private mutating func readRows() {
        // Without a column that is required every row would say so again.
        while let row = rows.next() { if rows.isUsable { checks.add(row) } else { unchecked += 1 } }
        let found = rows.takeProblems()
        badRecords += Set(found.filter { $0.line > 1 }.map(\.line)).count
        for problem in found { checks.note(problem) }
        if checks.keepsRows, checks.count > FleetFile.mostRows {
            stop("more than \(FleetFile.mostRows) rows", "the file has more than \(FleetFile.mostRows) rows; split it")
        }
        if checks.badLines > FleetFile.mostRows {
            stop("more than \(FleetFile.mostRows) rows with problems", "nothing more was read; is this a fleet file?")
        }
    }

    private mutating func stop(_ value: String, _ message: String) {
        if stopped == nil { stopped = FleetProblem(line: 1, column: nil, code: "bad_value", value: value, message: message) }
    }

    /// Nothing follows: what the file holds.
    public mutating func finish() -> FleetFile {
        if stopped == nil {
            rows.finish()
            readRows()
        }
        var file = checks.finish()
        if let stopped {
            // What was read is not the fleet.
            (file.rows, file.goodCount) = ([], 0)
            file.problems.insert(stopped, at: 0)
        }
        file.rowCount = checks.count + unchecked + badRecords
        let known = Set(FleetFile.columns)
        var notes = rows.columns.filter { !known.contains($0) && !$0.isEmpty }.map { "unknown column \($0): kept as a note" }
        if rows.emptyRows > 0 { notes.append("\(rows.emptyRows) empty rows were left out") }
        file.warnings = notes + file.warnings
        return file
    }
}

/// The checks of rows, one by one and among each other.
struct FleetChecks: Sendable {
    /// What a row is known by to the others.
    private struct Brief {
        var line: Int
        var ref: String
        var phone: String
        var number: UInt64
    }

    let keepsRows: Bool
    /// Rows that were stored may name one that was rejected, which is not stored.
    let knowsAll: Bool
    /// Lines with a problem so far.
    var badLines: Int { bad.count }
    /// Rows so far.
    private(set) var count = 0
    private var parsed: [FleetRow] = []
    private var briefs: [Brief] = []
    /// The first row with a number, by its place in `briefs`; more than one in `shared`.
    private var firstOfNumber: [UInt64: Int32] = [:]
    private var shared: [UInt64: [Int]] = [:]
    private var firstLine: [String: Int32] = [:]
    private var dependsOn: [Int: [String]] = [:]
    private var notSameDayAs: [Int: [String]] = [:]
    private var problems: [FleetProblem] = []
    private var unlisted = 0
    private var warnings: [String] = []
    private var unlistedWarnings = 0
    private var bad: Set<Int> = []
    private var memory = RowMemory()

    /// Most problems and most warnings that are listed; the others are counted.
    private static let mostProblems = 100_000

    init(keepsRows: Bool, knowsAll: Bool = true) {
        self.keepsRows = keepsRows
        self.knowsAll = knowsAll
    }

    mutating func note(_ problem: FleetProblem) {
        bad.insert(problem.line)
        if problems.count < Self.mostProblems { problems.append(problem) } else { unlisted += 1 }
    }

    private mutating func note(_ line: Int, _ column: String, _ code: String, _ value: String, _ message: String) {
        note(FleetProblem(line: line, column: column, code: code, value: value, message: message))
    }

    mutating func add(_ row: CSVTable.Row) {
        count += 1
        var reader = RowReader(row: row)
        let result = reader.read(&memory)
        for problem in reader.problems { note(problem) }
        for warning in reader.warnings {
            if warnings.count < Self.mostProblems { warnings.append(warning) } else { unlistedWarnings += 1 }
        }
        if keepsRows, let result { parsed.append(result) }
        let index = briefs.count
        // E.164 has fifteen digits at most.
        let number = reader.e164.flatMap { UInt64($0.dropFirst()) } ?? 0
        briefs.append(Brief(line: row.line, ref: row.fields["row_ref"] ?? "", phone: row.fields["phone"] ?? "", number: number))
        if number != 0 {
            if let first = firstOfNumber[number] {
                shared[number, default: [Int(first)]].append(index)
            } else {
                firstOfNumber[number] = Int32(index)
            }
        }
        let ref = briefs[index].ref
        if !ref.isEmpty {
            if let first = firstLine[ref] {
                note(row.line, "row_ref", "duplicate_ref", ref, "row_ref is already used on line \(first)")
            } else {
                firstLine[ref] = Int32(row.line)
            }
        }
        if !reader.dependsOn.isEmpty { dependsOn[index] = reader.dependsOn }
        if !reader.notSameDayAs.isEmpty { notSameDayAs[index] = reader.notSameDayAs }
    }

    /// What the rows are to each other, and the file.
    mutating func finish() -> FleetFile {
        for group in shared.sorted(by: { $0.key < $1.key }).map(\.value) {
            for index in group {
                let others = group.prefix(6).filter { $0 != index }.prefix(5).map { "line \(briefs[$0].line)" }.joined(separator: ", ")
                note(
                    briefs[index].line, "phone", "duplicate_phone", briefs[index].phone,
                    "+\(briefs[index].number) is also on \(others); a number can move once")
            }
        }
        findUnknown()
        findCycles()
        var file = FleetFile()
        file.rows = bad.isEmpty ? parsed : parsed.filter { !bad.contains($0.line) }
        file.goodCount = keepsRows ? file.rows.count : count - briefs.count { bad.contains($0.line) }
        let order = Dictionary(FleetFile.columns.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        file.problems = problems.sorted { left, right in
            (left.line, order[left.column ?? ""] ?? 99, left.code) < (right.line, order[right.column ?? ""] ?? 99, right.code)
        }
        file.warnings = warnings
        if unlistedWarnings > 0 { file.warnings.append("\(unlistedWarnings) more rows have something odd that is not listed") }
        if unlisted > 0 { file.warnings.append("\(unlisted) more problems are not listed") }
        return file
    }

    private mutating func findUnknown() {
        for (column, names) in [("depends_on", dependsOn), ("not_same_day_as", notSameDayAs)] {
            for (index, refs) in names.sorted(by: { $0.key < $1.key }) {
                let line = briefs[index].line
                for ref in refs where knowsAll && firstLine[ref] == nil {
                    note(line, column, "unknown_ref", ref, "no row has row_ref \(ref)")
                }
                if column == "not_same_day_as", refs.contains(briefs[index].ref) {
                    note(line, column, "bad_value", briefs[index].ref, "a row cannot be on another day than itself")
                }
            }
        }
    }

    private mutating func findCycles() {
        let named = dependsOn.sorted { $0.key < $1.key }.map { (briefs[$0.key], $0.value) }
            .filter { firstLine[$0.0.ref].map(Int.init) == $0.0.line }
        let edges = Dictionary(named.map { ($0.0.ref, $0.1) }, uniquingKeysWith: { first, _ in first })
        let cycles = DependencyCycles.find(edges)
        for (brief, refs) in named {
            guard let cycle = cycles[brief.ref] else { continue }
            note(
                brief.line, "depends_on", "dependency_cycle", refs.joined(separator: " "),
                "waits for itself: \(cycle.joined(separator: " → "))")
        }
    }
}
