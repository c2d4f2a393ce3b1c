public import Fleet

/// A change of a plan's input that cannot be made.
public struct PlanningChangeError: Error, Equatable, CustomStringConvertible {
    public var description: String
}

/// What a plan is made of.
public struct PlanningInputs: Sendable {
    public var fleet: FleetFile
    /// Nil: people are not modelled.
    public var operators: Operators?
    public var settings: PlanningSettings

    public init(fleet: FleetFile, operators: Operators?, settings: PlanningSettings) {
        self.fleet = fleet
        self.operators = operators
        self.settings = settings
    }
}

/// Something that could be otherwise than in the files.
public enum PlanningChange: Sendable, Equatable {
    /// A line as in OPERATORS.csv.
    case addOperator(line: String)
    case removeOperator(id: String)
    /// Further windows of an operator.
    case addShift(id: String, windows: String)
    /// Days, of 24 hours, that the horizon is longer.
    case extendHorizon(days: Int)
    /// A key of PLANNING.json, with its value as JSON, or as text where it is none.
    case setting(name: String, value: String)
    /// A column of a row, or of all of them when `row` is `*`.
    case column(row: String, name: String, value: String)

    /// What it is, in words.
    public var words: String {
        switch self {
        case .addOperator(let line): "with the operator \(line)"
        case .removeOperator(let id): "without the operator \(id)"
        case .addShift(let id, let windows): "with \(id) on shift \(windows) as well"
        case .extendHorizon(let days): "with a horizon \(days) \(days == 1 ? "day" : "days") longer"
        case .setting(let name, let value): "with \(name) \(value)"
        case .column(let row, let name, let value):
            "with \(name) \(value.isEmpty ? "empty" : value) \(row == "*" ? "in all rows" : "in \(row)")"
        }
    }
}

extension PlanningInputs {
    /// Throws `PlanningChangeError` with what is wrong and what is expected.
    public mutating func apply(_ change: PlanningChange) throws(PlanningChangeError) {
        switch change {
        case .addOperator(let line): try add(line)
        case .removeOperator(let id):
            let index = try index(of: id)
            operators?.list.remove(at: index)
        case .addShift(let id, let windows):
            let index = try index(of: id)
            guard let old = operators?.list[index].shifts.text else { return }
            do {
                operators?.list[index].shifts = try WeeklyWindows(old.isEmpty ? windows : "\(old);\(windows)")
            } catch {
                throw PlanningChangeError(description: "the shift \"\(error.part)\" of \(id): expected \(error.expected)")
            }
        case .extendHorizon(let days):
            guard (1...3660).contains(days) else {
                throw PlanningChangeError(description: "a horizon \(days) days longer: expected a whole number from 1 to 3660")
            }
            try set("horizon_to", .text(PlanTime.text(settings.horizonTo + days * 86_400)))
        case .setting(let name, let value): try set(name, JSONNode(Array(value.utf8)) ?? .text(value))
        case .column(let row, let name, let value): try put(row, name, value)
        }
    }

    private func index(of id: String) throws(PlanningChangeError) -> Int {
        guard let operators else { throw Self.noPeople }
        guard let index = operators.list.firstIndex(where: { $0.id == id }) else {
            throw PlanningChangeError(
                description: "there is no operator \(id); there are \(operators.list.prefix(20).map(\.id).joined(separator: ", "))")
        }
        return index
    }

    private static let noPeople = PlanningChangeError(description: "people are not modelled: give the operators file as well")

    private mutating func add(_ line: String) throws(PlanningChangeError) {
        guard let operators else { throw Self.noPeople }
        // The line may leave out the last columns.
        var read = Operators()
        for count in 3...Operators.columns.count {
            read = Operators.read(Array((Operators.columns.prefix(count).joined(separator: ",") + "\n" + line).utf8))
            if !read.problems.contains(where: { $0.code == "long_row" }) { break }
        }
        guard read.problems.isEmpty, let person = read.list.first, read.list.count == 1 else {
            let what = read.problems.first.map { "\($0.column ?? "line"): \($0.message)" } ?? "it holds no operator"
            throw PlanningChangeError(
                description: "the operator \(line): \(what); expected the columns \(Operators.columns.joined(separator: ",")), "
                    + "the last three may be left out")
        }
        guard !operators.list.contains(where: { $0.id == person.id }) else {
            throw PlanningChangeError(description: "there is an operator \(person.id) already")
        }
        self.operators?.list.append(person)
    }

    private mutating func set(_ name: String, _ value: JSONNode) throws(PlanningChangeError) {
        guard case .object(var members)? = JSONNode(Array(settings.json.utf8)), members[name] != nil else {
            throw PlanningChangeError(description: "there is no planning setting \(name)")
        }
        members[name] = value
        do { settings = try PlanningSettings(.object(members)) } catch { throw PlanningChangeError(description: "\(error)") }
    }

    private mutating func put(_ ref: String, _ column: String, _ value: String) throws(PlanningChangeError) {
        guard FleetFile.columns.contains(column), column != "row_ref" else {
            throw PlanningChangeError(description: "there is no column \(column) that could be changed")
        }
        guard ref == "*" || fleet.rows.contains(where: { $0.rowRef == ref }) else {
            throw PlanningChangeError(description: "there is no accepted row \(ref)")
        }
        if column == "depends_on" || column == "not_same_day_as" {
            let known = Set(fleet.rows.map(\.rowRef))
            if let stranger = value.split(separator: " ").map(String.init).first(where: { !known.contains($0) }) {
                throw PlanningChangeError(description: "\(column) \(value): there is no accepted row \(stranger) (unknown_ref)")
            }
        }
        let changed = FleetFile.read(
            stored: fleet.rows.map { row in
                guard ref == "*" || row.rowRef == ref else { return row.fields }
                return row.fields.merging([column: value]) { $1 }
            })
        if let problem = changed.problems.first {
            throw PlanningChangeError(
                description: "\(problem.column ?? column) \(problem.value ?? ""): \(problem.message) (\(problem.code))")
        }
        for row in changed.rows {
            // Stored rows count from line 2.
            let line = fleet.rows[row.line - 2].line
            fleet.rows[row.line - 2] = row
            fleet.rows[row.line - 2].line = line
        }
    }
}
