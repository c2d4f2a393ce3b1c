import Fleet

/// Rule 10: what of the previous plan stays.
struct Continuation {
    let problem: Problem
    let previous: Plan
    private var code: [Int: PlanTask] = [:]
    private var main: [Int: PlanTask] = [:]
    private var copies: [Int: PlanTask] = [:]
    private var people: [String: Int] = [:]
    /// Rows that keep the wave of a held code while their cut-over is placed anew.
    private(set) var forcedWave: [Int: Int] = [:]
    /// Rows of which every task stays as it is, with their states.
    private(set) var fixed: [Int: [PlanTask]] = [:]
    private(set) var heldRows: Set<Int> = []
    /// Copies that stay as they are, by pair.
    private(set) var heldCopies: [Int: PlanTask] = [:]

    init(problem: Problem, previous: Plan) {
        self.problem = problem
        self.previous = previous
        let pairs = Dictionary(
            problem.pairNames.enumerated().map { ("\($0.element.source)>\($0.element.dest)", $0.offset) },
            uniquingKeysWith: { first, _ in first })
        for task in previous.tasks {
            switch task.kind {
            case .templateCopy: if let pair = pairs["\(task.sourceWABA ?? "")>\(task.destWABA ?? "")"] { copies[pair] = task }
            case .otp: if let row = task.rowRef.flatMap({ problem.index[$0] }) { code[row] = task }
            case .cutover: if let row = task.rowRef.flatMap({ problem.index[$0] }) { main[row] = task }
            }
        }
        people = Dictionary(
            (problem.calendars.operators ?? []).enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    private var limit: Int { problem.now + PlanningSettings.seconds(hours: problem.settings.replanFreezeHours) }

    private func isFree(_ tasks: [PlanTask]) -> Bool { tasks.contains { $0.state == .missed || $0.state == .failed } }

    private func isUnderWay(_ tasks: [PlanTask]) -> Bool { !isFree(tasks) && tasks.contains { $0.state == .running || $0.state == .done } }

    /// The copies that stay; to be known before the problem is prepared.
    mutating func holdCopies() {
        for (pair, task) in copies where !isFree([task]) {
            let underWay = isUnderWay([task])
            let fits = task.start >= problem.grid.from && task.start + problem.copySeconds <= problem.grid.to
            guard underWay || task.start < limit && fits else { continue }
            var kept = task
            if !underWay {
                kept.end = task.start + problem.copySeconds
                kept.state = .planned
            }
            heldCopies[pair] = kept
            problem.copyHeld[pair] = kept.end
        }
    }

    /// Tells the problem which codes may stay where they are; to be known before it is prepared.
    func keepCodes() {
        for (row, task) in code where !isFree([task] + (main[row].map { [$0] } ?? [])) && task.start >= problem.now {
            problem.keptCode[row] = task.start
        }
    }

    /// Books the copy of a row that is kept where nothing of the previous plan stays: at its old time if it can be, else as soon as it can be.
    /// False when it cannot be or comes too late for a cut-over at `start`.
    private func bookCopy(_ row: Int, for start: Int?, _ table: inout Timetable) -> Bool {
        guard let pair = problem.pair[row] else { return true }
        func isReady(_ begin: Int) -> Bool {
            start.map { $0 >= (problem.copyHeld[pair] ?? begin + problem.copySeconds) + problem.lead } ?? true
        }
        if let begin = table.copyStart[pair] { return isReady(begin) }
        let old = copies[pair].flatMap { !isFree([$0]) && table.copyIsFree($0.start) ? $0.start : nil }
        guard let begin = [old, table.nextCopy()].compactMap({ $0 }).first(where: isReady) else { return false }
        table.bookCopy(pair, start: begin, end: begin + problem.copySeconds)
        return true
    }

    /// Books what is fixed, then what is held.
    mutating func install(_ table: inout Timetable) {
        for (pair, task) in heldCopies.sorted(by: { $0.key < $1.key }) { table.bookCopy(pair, start: task.start, end: task.end) }
        for row in problem.rows.indices {
            let tasks = [code[row], main[row]].compactMap { $0 }
            guard isUnderWay(tasks), let last = main[row] ?? code[row] else { continue }
            fixed[row] = tasks
            var placement = Placement(mainStart: last.start, mainEnd: last.end, wave: last.wave ?? 0, isFixed: true)
            if main[row] != nil, let code = code[row] { (placement.codeStart, placement.codeEnd) = (code.start, code.end) }
            placement.person = (code[row]?.operatorID).flatMap { people[$0] }
            table.book(row, placement)
        }
        // Exempt from the rules, but they have a copy like all others, and its time is taken.
        for row in fixed.keys.sorted() { _ = bookCopy(row, for: nil, &table) }
        // In the order of their starts, so that a row comes after those it depends on.
        let held = problem.rows.indices.filter { row in
            let tasks = [code[row], main[row]].compactMap { $0 }
            return table.place[row] == nil && !isFree(tasks) && tasks.contains { $0.start < limit }
        }
        let order = held.sorted { (mainOf($0)?.start ?? 0, $0) < (mainOf($1)?.start ?? 0, $1) }
        var released = true
        var kept = order
        // A row released takes those that depend on it along.
        while released {
            released = false
            let names = Set(kept)
            kept = kept.filter { row in
                let stays = problem.dependsOn[row].allSatisfy { other in other.map { fixed[$0] != nil || names.contains($0) } ?? false }
                if !stays { released = true }
                return stays && obeysRules(row)
            }
            if kept.count != names.count { released = true }
        }
        for row in kept { hold(row, &table) }
    }

    private func mainOf(_ row: Int) -> PlanTask? { problem.shape[row] == .code ? code[row] : main[row] }

    /// Rules 1 and 2 of the tasks before the freeze's end, as far as they do not depend on other rows.
    private func obeysRules(_ row: Int) -> Bool {
        let grid = problem.grid
        // Their start is kept, so neither `now` nor the lead of a two-step PIN binds it.
        let relax: Relaxation = [.now, .twoStepLead]
        guard let task = mainOf(row) else { return false }
        let needsCode = problem.shape[row] == .split || problem.shape[row] == .joined
        if needsCode != (code[row] != nil && problem.shape[row] != .code) { return false }
        if task.start < limit || problem.shape[row] == .joined {
            guard let slot = grid.slot(of: task.start), problem.mainStarts(row, relax: relax).contains(slot) else { return false }
            guard slot >= (copyReadyIfHeld(row) ?? 0) else { return false }
        }
        guard needsCode, let code = code[row] else { return true }
        if problem.shape[row] == .joined { return code.start + problem.otpSeconds == task.start }
        guard let slot = grid.slot(of: code.start), problem.codeStarts(row, relax: relax).contains(slot) else { return false }
        let codeEnd = code.start + problem.otpSeconds
        return task.start >= limit || codeEnd <= task.start && task.start <= codeEnd + problem.lag
    }

    private func copyReadyIfHeld(_ row: Int) -> Int? {
        guard let pair = problem.pair[row] else { return nil }
        let begin = problem.grid.time(max(0, problem.grid.ceil(problem.now)))
        return problem.grid.ceil((problem.copyHeld[pair] ?? begin + problem.copySeconds) + problem.lead)
    }

    /// The operator who keeps the task; nil: the rule on operators is broken now. People are not modelled without operators.
    private func person(_ row: Int, _ start: Int, _ end: Int, _ table: Timetable) -> Int?? {
        guard problem.calendars.operators != nil else { return .some(nil) }
        guard let person = (code[row]?.operatorID).flatMap({ people[$0] }), problem.speakers(row).contains(person),
            let slot = problem.grid.slot(of: start), problem.calendars.shift(person, length: end - start).contains(slot),
            table.hasRoom(person, start, end)
        else { return nil }
        return .some(person)
    }

    private mutating func hold(_ row: Int, _ table: inout Timetable) {
        guard let task = mainOf(row),
            problem.dependsOn[row].allSatisfy({ $0.map { table.place[$0] != nil || table.heldCode[$0] != nil } ?? false })
        else { return }
        let end = task.start + problem.mainSeconds(row)
        var placement = Placement(mainStart: task.start, mainEnd: end, wave: task.wave ?? 0, isHeld: true)
        if let code = code[row], problem.shape[row] == .split || problem.shape[row] == .joined {
            (placement.codeStart, placement.codeEnd) = (code.start, code.start + problem.otpSeconds)
        }
        if problem.shape[row] != .cutover {
            let start = placement.codeStart ?? task.start
            let until = problem.shape[row] == .split ? start + problem.otpSeconds : end
            guard let person = person(row, start, until, table) else { return }
            placement.person = person
        }
        let isCodeOnly = problem.shape[row] == .split && task.start >= limit
        guard isCodeOnly || bookCopy(row, for: task.start, &table) else { return }
        heldRows.insert(row)
        if isCodeOnly {
            forcedWave[row] = placement.wave
            table.hold(row, code: placement)
        } else {
            table.book(row, placement)
        }
    }

    /// Books every other row where the previous plan has it, when nothing is against it: the fewest changes.
    func keepRest(_ table: inout Timetable) {
        let rest = problem.rows.indices.filter { row in
            table.place[row] == nil && mainOf(row) != nil && !isFree([code[row], main[row]].compactMap { $0 })
                && (problem.alone[row].fits || table.heldCode[row] != nil)
        }
        for row in rest.sorted(by: { (mainOf($0)?.start ?? 0, $0) < (mainOf($1)?.start ?? 0, $1) }) { keep(row, &table) }
    }

    private func keep(_ row: Int, _ table: inout Timetable) {
        guard let task = mainOf(row), let wave = task.wave, let slot = problem.grid.slot(of: task.start), problem.main[row].contains(slot)
        else { return }
        switch problem.rows[row].wave {
        case .canary: if wave != 0 || !problem.canaryAble[row] { return }
        case .wave(let pinned): if wave != pinned { return }
        case nil: if wave == 0 && !problem.canaryAble[row] { return }
        }
        guard table.room(wave) > 0, task.start >= table.lower(wave),
            task.start + problem.mainSeconds(row) <= table.upper(wave),
            let after = table.dependenciesEnd(row)
        else { return }
        let copy = problem.pair[row].flatMap { pair in
            table.copyStart[pair] == nil ? copies[pair].flatMap { table.copyIsFree($0.start) ? $0.start : nil } : nil
        }
        let ready = copy.map { problem.grid.ceil($0 + problem.copySeconds + problem.lead) } ?? table.copyReady(row)
        guard let ready, slot >= ready, var found = table.candidate(row, slot: slot, after: after, earlyCodes: false) else { return }
        if problem.shape[row] == .split && table.heldCode[row] == nil {
            guard let old = code[row], let at = problem.grid.slot(of: old.start), old.start >= max(after, problem.now),
                problem.codeStarts(row, relax: .twoStepLead).contains(at),
                let taken = table.take(row, old.start, old.start + problem.otpSeconds, clientUntil: old.start + problem.otpSeconds)
            else { return }
            let end = old.start + problem.otpSeconds
            guard end <= found.start, found.start <= end + problem.lag else { return }
            (found.codeStart, found.person) = (old.start, taken.index)
        }
        // The operator of the previous plan, when still free.
        if table.heldCode[row] == nil, problem.shape[row] != .cutover {
            let start = found.codeStart ?? found.start
            let until = problem.shape[row] == .split ? start + problem.otpSeconds : found.end
            if case .some(.some(let same)) = person(row, start, until, table) { found.person = same }
        }
        if let pair = problem.pair[row], let copy, table.copyStart[pair] == nil {
            table.bookCopy(pair, start: copy, end: copy + problem.copySeconds)
        }
        table.place(row, at: found, wave: wave)
    }

    /// The code and main start a row had, for counting changes.
    func starts(_ row: Int) -> (code: Int?, cutover: Int?)? {
        code[row] == nil && main[row] == nil ? nil : (code[row]?.start, main[row]?.start)
    }
}
