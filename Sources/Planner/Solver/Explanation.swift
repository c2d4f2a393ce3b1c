import Fleet

/// Why a row has no place.
struct Explanation {
    let problem: Problem
    let table: Timetable
    let closedClasses: Set<Int>

    func reasons(_ row: Int) -> [UnplacedRow.Reason] {
        var reasons: [UnplacedRow.Reason] = []
        if !problem.alone[row].fits { reasons.append(alone(row)) }
        reasons += dependencies(row)
        if reasons.isEmpty { reasons.append(inCompany(row)) }
        return reasons
    }

    // MARK: Alone

    private func fits(_ row: Int, without relax: Relaxation) -> Bool {
        Placeable(
            problem: problem, row: row, main: problem.mainStarts(row, relax: relax),
            code: problem.shape[row] == .split ? problem.codeStarts(row, relax: relax) : nil,
            copyReady: problem.aloneReady(row, relax: relax),
            lag: relax.contains(.otpLag) ? nil : problem.lag
        ).fits
    }

    private func alone(_ row: Int) -> UnplacedRow.Reason {
        let single = Relaxation.named.filter { fits(row, without: $0.0) }.map(\.1)
        let ref = problem.rows[row].rowRef
        guard single.isEmpty else {
            return .init(
                code: code(row), message: "\(what(row)) It would find a place without any one of: \(single.joined(separator: ", ")).",
                constraints: single)
        }
        for (index, first) in Relaxation.named.enumerated() {
            for second in Relaxation.named[(index + 1)...] where fits(row, without: first.0.union(second.0)) {
                return .init(
                    code: code(row),
                    message: "\(what(row)) Changing one rule is not enough for \(ref); changing \(first.1) together with \(second.1) is.",
                    constraints: [])
            }
        }
        return .init(
            code: code(row), message: "\(what(row)) No change of one or two rules gives \(ref) a place in this horizon.", constraints: [])
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
                + "and an operator\(value.language.map { " who speaks \($0)" } ?? "") can take it."
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

    private func inCompany(_ row: Int) -> UnplacedRow.Reason {
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
        if problem.apart[row].isEmpty == false || problem.apartOf[row].isEmpty == false || !problem.main[row].isEmpty {
            return .init(
                code: "no_capacity",
                message:
                    "All its times are taken: cut-overs at once, its client's daily limit, new clients in a week, operators, "
                    + "or numbers that must not share its day.",
                constraints: ["capacity"])
        }
        return .init(code: "horizon_too_short", message: "The horizon ends before its turn comes.", constraints: ["horizon"])
    }
}
