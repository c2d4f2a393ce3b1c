import Fleet

/// Turns bookings into the tasks and waves of a plan.
struct Assembly {
    let problem: Problem
    let table: Timetable
    let continuation: Continuation?

    func fill(_ plan: inout Plan) {
        var tasks: [PlanTask] = []
        var waves: [Int: [(start: Int, row: Int)]] = [:]
        var usedPairs: Set<Int> = []
        for row in problem.rows.indices {
            guard let place = table.place[row] else { continue }
            if let pair = problem.pair[row] { usedPairs.insert(pair) }
            waves[place.wave, default: []].append((place.mainStart, row))
            if let fixed = continuation?.fixed[row] { tasks += fixed } else { tasks += self.tasks(row, place) }
        }
        for pair in usedPairs.sorted() {
            if let held = continuation?.heldCopies[pair] {
                tasks.append(held)
            } else if let start = table.copyStart[pair] {
                let (source, dest) = problem.pairNames[pair]
                tasks.append(
                    PlanTask(kind: .templateCopy, sourceWABA: source, destWABA: dest, start: start, end: start + problem.copySeconds))
            }
        }
        plan.tasks = tasks.map { ($0.start, $0.id, $0) }.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
        plan.waves = waves.sorted { $0.key < $1.key }.map { wave, members in
            PlanWave(
                wave: wave, rows: members.sorted { ($0.start, $0.row) < ($1.start, $1.row) }.map { problem.rows[$0.row].rowRef },
                firstStart: table.waves[wave]?.first ?? 0, lastEnd: table.waves[wave]?.last ?? 0)
        }
    }

    private func tasks(_ row: Int, _ place: Placement) -> [PlanTask] {
        let ref = problem.rows[row].rowRef
        let person = place.person.flatMap { problem.calendars.operators?[$0].id }
        if problem.shape[row] == .code {
            return [PlanTask(kind: .otp, rowRef: ref, operatorID: person, wave: place.wave, start: place.mainStart, end: place.mainEnd)]
        }
        // In joined mode the operator stays for the cut-over.
        let present = problem.shape[row] == .joined ? person : nil
        var tasks = [
            PlanTask(kind: .cutover, rowRef: ref, operatorID: present, wave: place.wave, start: place.mainStart, end: place.mainEnd)
        ]
        if let start = place.codeStart, let end = place.codeEnd {
            tasks.append(PlanTask(kind: .otp, rowRef: ref, operatorID: person, wave: place.wave, start: start, end: end))
        }
        return tasks
    }
}

extension Construction {
    /// Rule 9 as a whole: no gap between waves, wave 0 within its size, a canary for each class that needs one.
    var isComplete: Bool {
        let waves = table.waves.keys.sorted()
        if let first = waves.first, let last = waves.last, last - first + 1 != waves.count || first > 1 { return false }
        if table.count(0) > problem.canaryCap { return false }
        var needs: Set<Int> = []
        for row in problem.rows.indices where table.place[row] != nil { needs.insert(problem.rowClass[row]) }
        needs.formIntersection(problem.rows.indices.filter { problem.canaryAble[$0] }.map { problem.rowClass[$0] })
        for row in problem.rows.indices {
            if problem.rows[row].wave == .canary || problem.canaryAble[row] && table.place[row]?.wave == 0 {
                needs.remove(problem.rowClass[row])
            }
        }
        return needs.isEmpty
    }
}
