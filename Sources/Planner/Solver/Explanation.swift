import Fleet

/// Why a row has no place, or one that comes too late.
struct Explanation {
    let problem: Problem
    private var table: Timetable
    private let isContinued: Bool
    private let closedClasses: Set<Int>
    /// Rows whose code and wave the freeze of rule 10 has set.
    private let kept: Set<Int>
    private var begin: Int

    /// - Parameters:
    ///   - isContinued: a previous plan has tasks that stay.
    ///   - closedClasses: classes that could have no canary.
    ///   - kept: rows whose code and wave the freeze of rule 10 has set.
    init(problem: Problem, table: Timetable, isContinued: Bool, closedClasses: Set<Int>, kept: Set<Int>) {
        self.kept = kept
        self.problem = problem
        self.table = table
        self.isContinued = isContinued
        self.closedClasses = closedClasses.subtracting(
            problem.rows.indices.filter { table.place[$0] != nil }.map { problem.rowClass[$0] })
        begin = table.work
    }

    /// Slots that are looked at for each of the two lists: some seconds of a very large fleet. What comes after is told so.
    private static let mostWork = 4_000_000
    private var isSpent: Bool { table.work - begin > Self.mostWork }
    private static let notExamined = UnplacedRow.Reason(
        code: "not_examined", message: "So many numbers are late that only those that cost most were looked into; this one was not.",
        constraints: [])

    /// Rows without a place, in the order of the fleet.
    mutating func unplaced() -> [UnplacedRow] {
        problem.rows.indices.filter { table.place[$0] == nil }.map { UnplacedRow(rowRef: problem.rows[$0].rowRef, reasons: reasons($0)) }
    }

    /// Rows after their deadline, in the order of the fleet. Those that cost most are looked into first.
    mutating func late() -> [LateRow] {
        let late = problem.rows.indices.compactMap { row -> (row: Int, days: Int)? in
            guard let end = table.place[row]?.mainEnd, let due = problem.due[row], end > due, let deadline = problem.rows[row].deadline
            else {
                return nil
            }
            let days = problem.rows[row].zone.date(of: end - 1).dayNumber - deadline.dayNumber
            return days > 0 ? (row, days) : nil
        }
        begin = table.work
        var reasons: [Int: UnplacedRow.Reason] = [:]
        for (row, _) in late.sorted(by: {
            ($1.days * problem.rows[$1.row].weight, $0.row) < ($0.days * problem.rows[$0.row].weight, $1.row)
        }) {
            reasons[row] = isSpent ? Self.notExamined : lateReason(row)
        }
        return late.map { row, days in
            LateRow(rowRef: problem.rows[row].rowRef, days: days, reasons: reasons[row].map { [$0] } ?? [])
        }
    }

    private mutating func reasons(_ row: Int) -> [UnplacedRow.Reason] {
        var reasons: [UnplacedRow.Reason] = []
        if !problem.alone[row].fits { reasons.append(alone(row)) }
        reasons += dependencies(row)
        if reasons.isEmpty { reasons.append(inCompany(row)) }
        return reasons
    }

    // MARK: Alone

    /// A row alone, without some rules.
    ///
    /// - Parameter last: the last slot at which its main task may start.
    private func placeable(_ row: Int, without relax: Relaxation, through last: Int) -> Placeable {
        var main = problem.mainStarts(row, relax: relax)
        main.remove(max(0, last + 1)..<max(0, last + 1, problem.grid.count))
        return Placeable(
            problem: problem, row: row, main: main, code: problem.shape[row] == .split ? problem.codeStarts(row, relax: relax) : nil,
            copyReady: problem.aloneReady(row, relax: relax), lag: relax.contains(.otpLag) ? nil : problem.lag)
    }

    /// What would have to change for a row to fit when it is alone: the rules of which any one is enough, and what to say about it.
    private mutating func change(_ row: Int, through last: Int, goal: String) -> (words: String, constraints: [String]) {
        table.work += problem.grid.count / 4
        func fits(_ relax: Relaxation) -> Bool { placeable(row, without: relax, through: last).fits }
        let single = Relaxation.named.filter { fits($0.0) }
        guard single.isEmpty else {
            let names = single.map(\.1)
            var words = "It would \(goal) without any one of: \(names.joined(separator: ", "))."
            if single.contains(where: { $0.0 == .operatorShifts }), let time = codeTime(row, through: last) {
                words += " For instance with an operator\(speaking(row)) from \(PlanTime.text(time)) on for \(codeMinutes(row)) minutes."
            }
            return (words, names)
        }
        let ref = problem.rows[row].rowRef
        for (index, first) in Relaxation.named.enumerated() {
            table.work += problem.grid.count / 4
            for second in Relaxation.named[(index + 1)...] where fits(first.0.union(second.0)) {
                return ("Changing one rule is not enough for \(ref); changing \(first.1) together with \(second.1) is.", [])
            }
        }
        return ("No change of one or two rules lets \(ref) \(goal).", [])
    }

    private func speaking(_ row: Int) -> String { problem.rows[row].language.map { " who speaks \($0)" } ?? "" }

    /// How long an operator is needed.
    private func codeMinutes(_ row: Int) -> Int {
        problem.settings.otpMinutes + (problem.shape[row] == .joined ? problem.settings.cutoverMinutes : 0)
    }

    /// When the first code could be read if there were an operator at any time.
    private func codeTime(_ row: Int, through last: Int) -> Int? {
        let row = placeable(row, without: .operatorShifts, through: last)
        guard let slot = row.first(from: row.copyReady) else { return nil }
        switch problem.shape[row.row] {
        case .split: return row.codeSlot(for: slot).map(problem.grid.time)
        case .joined: return problem.grid.time(slot) - problem.otpSeconds
        case .code: return problem.grid.time(slot)
        case .cutover: return nil
        }
    }

    private mutating func alone(_ row: Int) -> UnplacedRow.Reason {
        let change = change(row, through: problem.grid.count - 1, goal: "find a place")
        return .init(code: code(row), message: "\(what(row)) \(change.words)", constraints: change.constraints)
    }

    private func code(_ row: Int) -> String {
        if problem.main[row].isEmpty {
            return problem.shape[row] == .code || problem.shape[row] == .joined ? "no_code_time" : "no_cutover_time"
        }
        if problem.code[row]?.isEmpty ?? false { return "no_code_time" }
        if problem.main[row].first(from: problem.aloneReady(row)) == nil { return "copy_too_late" }
        return "no_common_window"
    }

    private func what(_ row: Int) -> String {
        let value = problem.rows[row]
        switch code(row) {
        case "no_cutover_time":
            return
                "In the horizon there is no time for a cut-over of \(problem.settings.cutoverMinutes) minutes "
                + "in \(value.cutoverWindows.text) (\(value.zone.name))."
        case "no_code_time":
            let hours = problem.shape[row] == .joined ? value.cutoverWindows.text : value.codeHours.text
            return
                "There is no time at which the client can read a code (\(hours), \(value.zone.name)) "
                + "and an operator\(speaking(row)) can take it."
        case "copy_too_late":
            return "Every cut-over time comes before the templates of \(value.destWABA) can have been copied and have rested."
        default:
            return "No cut-over time has a time for its code before it, within \(PlanJSON.number(problem.settings.otpMaxLagHours)) hours."
        }
    }

    // MARK: In company

    private func dependencies(_ row: Int) -> [UnplacedRow.Reason] {
        let missing = problem.rows[row].dependsOn.filter { name in problem.index[name].map { table.place[$0] == nil } ?? true }
        guard !missing.isEmpty else { return [] }
        let rejected = missing.filter { problem.index[$0] == nil }
        let tail = rejected.isEmpty ? "" : " (rejected: \(rejected.joined(separator: ", ")))"
        return [
            .init(
                code: "dependency_unplaced", message: "It may only follow \(missing.joined(separator: ", ")), which found no place\(tail).",
                constraints: ["depends_on"])
        ]
    }

    private mutating func inCompany(_ row: Int) -> UnplacedRow.Reason {
        let value = problem.rows[row]
        if closedClasses.contains(problem.rowClass[row]) {
            return .init(
                code: "no_canary",
                message:
                    "Numbers of route \(value.route.rawValue) from "
                    + (value.sourceProvider.isEmpty ? "no named provider " : "\(value.sourceProvider) ")
                    + "need one of them in wave 0, and none could be placed there in time.",
                constraints: ["waves"])
        }
        if case .wave(let wave) = value.wave {
            return table.waves[wave] == nil
                ? .init(
                    code: "wave_not_reached", message: "It is pinned to wave \(wave), which this plan does not reach.",
                    constraints: ["waves"])
                : .init(
                    code: "wave_full", message: "It is pinned to wave \(wave), which has no room or no time for it.", constraints: ["waves"]
                )
        }
        if value.wave == .canary {
            return .init(
                code: "wave_not_reached",
                message: problem.canaryAble[row]
                    ? "It is pinned to the canary wave, which has no room or no time for it."
                    : "It is pinned to the canary wave but depends on numbers that cannot be canaries.", constraints: ["waves"])
        }
        var anywhere = table
        if anywhere.search(row, from: .min, earlyCodes: false) != nil {
            return .init(
                code: "wave_order",
                message: "Its free times lie before the wave it could join may start, and the earlier waves are full or over.",
                constraints: ["waves"])
        }
        let after = table.dependenciesEnd(row) ?? .min
        if after != .min, problem.main[row].first(from: problem.grid.ceil(after)) == nil {
            return .init(
                code: "dependency_late", message: "What it depends on is cut over too late for a time within the horizon.",
                constraints: ["depends_on"])
        }
        if problem.main[row].isEmpty {
            return .init(code: "horizon_too_short", message: "The horizon ends before its turn comes.", constraints: ["horizon"])
        }
        let ways = isSpent ? [] : table.hindrances(row, through: problem.grid.count - 1, waves: waves(row))
        guard let best = ways.first else {
            return .init(
                code: "no_capacity", message: "All its times are taken; by what was not looked into, so many numbers have no place.",
                constraints: ["capacity"])
        }
        if best.blockers.isEmpty { return .init(code: "not_found", message: leftFree(best), constraints: []) }
        let names = ways.compactMap(\.blockers.category)
        return .init(
            code: "no_capacity", message: "All its times are taken: \(taken(ways))",
            constraints: ["depends_on", "waves", "capacity"].filter(names.contains))
    }

    /// What has to go for one of the times: any one thing, or the least that is enough together.
    private func taken(_ ways: [Hindrance]) -> String {
        let single = ways.filter { $0.blockers.isSingle }
        guard single.isEmpty else {
            let list = single.map { way in
                "\(way.blockers.words.joined()) (\(way.blockers.names.joined()), at \(PlanTime.text(problem.grid.time(way.code ?? way.slot))))"
            }
            return list.joined(separator: ", or ") + "; without " + (single.count > 1 ? "any one of them" : "that") + " there would be one."
        }
        guard let best = ways.first else { return "" }
        return "at \(PlanTime.text(problem.grid.time(best.slot))) by \(best.blockers.words.joined(separator: " together with ")) "
            + "(\(best.blockers.names.joined(separator: ", "))); one change is not enough."
    }

    private func leftFree(_ way: Hindrance) -> String {
        "A time was left free, from \(PlanTime.text(problem.grid.time(way.slot))) on; the search did not find it."
    }

    /// The times between which a row could be in each wave with room for it.
    private mutating func waves(_ row: Int) -> [(lower: Int, upper: Int)] {
        let numbers = table.waves.keys.sorted()
        table.work += numbers.count
        var (lowers, uppers) = ([Int: Int](), [Int: Int]())
        var bound = Int.min
        for number in numbers {
            lowers[number] = bound
            bound = max(bound, (table.waves[number]?.last ?? 0) + problem.soak)
        }
        let next = (numbers.last ?? 0) + 1
        lowers[next] = bound
        bound = .max
        for number in numbers.reversed() {
            uppers[number] = bound
            bound = min(bound, (table.waves[number]?.first ?? 0) - problem.soak)
        }
        return (numbers + [next]).filter { problem.mayJoin(row, $0) && table.isOpen($0, isContinued: isContinued) }
            .map { (lowers[$0] ?? .min, uppers[$0] ?? .max) }
    }

    // MARK: Late

    private mutating func lateReason(_ row: Int) -> UnplacedRow.Reason? {
        guard let place = table.place[row], let due = problem.due[row], let deadline = problem.rows[row].deadline else { return nil }
        if place.isFixed { return .init(code: "fixed", message: "It is running or done.", constraints: []) }
        let last = problem.grid.floor(due - problem.mainSeconds(row))
        let days = problem.alone[row].fewestDaysLate
        if days > 0 {
            let change = change(row, through: last, goal: "keep its deadline")
            return .init(
                code: "deadline_too_early",
                message: "Were it alone, it would still be cut over on \(LocalDate(dayNumber: deadline.dayNumber + days)) at the earliest, "
                    + "\(days) \(days == 1 ? "day" : "days") after its deadline. \(change.words)", constraints: change.constraints)
        }
        table.unbook(row)
        defer { table.book(row, place) }
        let open = mustStay(row, place) ? [(table.lower(place.wave), table.upper(place.wave))] : waves(row)
        let ways = table.hindrances(row, through: last, waves: open)
        guard let best = ways.first else { return nil }
        let taken = best.blockers.isEmpty ? "" : "Its times before the deadline are taken: \(taken(ways))"
        if place.isHeld || kept.contains(row) {
            return .init(
                code: "kept", message: "It keeps what the plan before begins within replan_freeze_hours. \(taken)",
                constraints: best.blockers.isEmpty ? ["replan_freeze_hours"] : [])
        }
        if best.blockers.isEmpty { return .init(code: "not_found", message: leftFree(best), constraints: []) }
        return .init(
            code: "no_capacity", message: taken, constraints: ways.filter { $0.blockers.isSingle }.flatMap(\.blockers.names))
    }

    /// Whether a row that was just taken out of its place has to be in that wave: nothing else is in it, or no other canary of its class.
    private func mustStay(_ row: Int, _ place: Placement) -> Bool {
        if table.waves[place.wave] == nil, table.waves.keys.contains(where: { $0 > place.wave }) { return true }
        guard place.wave == 0, !isContinued else { return false }
        return !(table.waves[0]?.rows ?? []).contains { problem.rowClass[$0] == problem.rowClass[row] && problem.canaryAble[$0] }
    }
}
