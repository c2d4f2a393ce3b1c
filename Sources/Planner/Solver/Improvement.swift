import Fleet

/// The levels of the objective in seconds and whole messages, so that small steps count: lower is better, the first level that differs decides.
struct Cost: Equatable {
    var unplaced = 0
    var lateness = 0
    /// Messages per day × seconds.
    var disturbed = 0
    var changes = 0
    /// Weight × seconds.
    var completion = 0

    static func + (left: Cost, right: Cost) -> Cost {
        Cost(
            unplaced: left.unplaced + right.unplaced, lateness: left.lateness + right.lateness, disturbed: left.disturbed + right.disturbed,
            changes: left.changes + right.changes, completion: left.completion + right.completion)
    }

    static func - (left: Cost, right: Cost) -> Cost {
        Cost(
            unplaced: left.unplaced - right.unplaced, lateness: left.lateness - right.lateness, disturbed: left.disturbed - right.disturbed,
            changes: left.changes - right.changes, completion: left.completion - right.completion)
    }

    /// As `PlanObjective.levels`; a day's messages are counted whole.
    func isBelow(_ other: Cost, replanning: Bool, patience: Int = 0) -> Bool {
        if unplaced != other.unplaced { return unplaced < other.unplaced }
        if lateness != other.lateness { return lateness < other.lateness }
        if replanning && changes != other.changes { return changes < other.changes }
        if disturbed / 86_400 != other.disturbed / 86_400 { return disturbed < other.disturbed }
        if !replanning && changes != other.changes { return changes < other.changes }
        return completion < other.completion + patience
    }
}

/// Improves a timetable by large-neighbourhood search: takes a few rows out and puts them back, and keeps what is no worse.
///
/// Deterministic for a seed; bounded by the slots it looks at, never by the clock.
struct Improvement {
    let problem: Problem
    private(set) var table: Timetable
    private(set) var cost = Cost()
    private let isContinued: Bool
    private let isReplan: Bool
    private let continuation: Continuation?
    var generator: SplitMix
    private let classHasPin: [Bool]
    private let classHasAble: [Bool]
    private var placedOfClass: [Int]
    private var canariesOfClass: [Int]
    let movable: [Int]
    let isMovable: [Bool]
    /// What has no place though it would fit alone.
    private(set) var waiting: Set<Int> = []
    private var best: (cost: Cost, places: [Placement?], copies: [Int?])
    private let gaps: Int
    /// Rows that come too late, as of a while ago.
    private(set) var late: [Int] = []

    init(problem: Problem, table: Timetable, continuation: Continuation?, isContinued: Bool, isReplan: Bool, seed: UInt64) {
        self.problem = problem
        self.table = table
        self.continuation = continuation
        self.isContinued = isContinued
        self.isReplan = isReplan
        generator = SplitMix(seed: seed)
        var pin = [Bool](repeating: false, count: problem.classCount)
        var able = pin
        var placed = [Int](repeating: 0, count: problem.classCount)
        var canaries = placed
        for row in problem.rows.indices {
            let kind = problem.rowClass[row]
            if problem.rows[row].wave == .canary { pin[kind] = true }
            if problem.canaryAble[row] { able[kind] = true }
            guard let place = table.place[row] else { continue }
            placed[kind] += 1
            if place.wave == 0 && problem.canaryAble[row] { canaries[kind] += 1 }
        }
        (classHasPin, classHasAble, placedOfClass, canariesOfClass) = (pin, able, placed, canaries)
        let forced = continuation?.forcedWave ?? [:]
        let flags = problem.rows.indices.map { row in
            (forced[row] == nil || table.place[row] == nil) && table.heldCode[row] == nil
                && (table.place[row].map { !$0.isFixed && !$0.isHeld } ?? problem.alone[row].fits)
        }
        isMovable = flags
        movable = flags.indices.filter { flags[$0] }
        waiting = Set(flags.indices.filter { flags[$0] && table.place[$0] == nil })
        best = (Cost(), table.place, table.copyStart)
        gaps = Self.gaps(table)
        for row in problem.rows.indices { cost = cost + part(row, table.place[row]) }
        best.cost = cost
    }

    private static func gaps(_ table: Timetable) -> Int {
        guard let low = table.waves.keys.min(), let high = table.waves.keys.max() else { return 0 }
        return high - min(low, 1) + 1 - table.waves.count
    }

    /// What one row adds.
    private func part(_ row: Int, _ place: Placement?) -> Cost {
        let value = problem.rows[row]
        guard let place else { return Cost(unplaced: value.weight) }
        var cost = Cost(completion: value.weight * (place.mainEnd - problem.grid.from))
        if !place.isFixed { cost.lateness = value.weight * problem.daysLate(row, start: place.mainStart) }
        if let peak = problem.peaks[row], let slot = problem.grid.slot(of: place.mainStart) {
            cost.disturbed = value.dailyMessages * Int(peak[slot])
        }
        if let old = continuation?.starts(row) {
            let isCode = problem.shape[row] == .code
            let code = isCode ? place.mainStart : place.codeStart
            if old.code != code || old.cutover != (isCode ? nil : place.mainStart) { cost.changes = 1 }
        }
        return cost
    }

    // MARK: One step

    /// What a step has done, so that it can be taken back.
    private struct Step {
        /// In the order in which they were touched: the same for the same seed, which a dictionary's order is not.
        private(set) var rows: [Int] = []
        private(set) var before: [Int: Placement?] = [:]
        private(set) var copies: [(pair: Int, start: Int?)] = []
        let cost: Cost

        init(cost: Cost) { self.cost = cost }

        mutating func note(_ row: Int, _ place: Placement?) {
            guard before[row] == nil else { return }
            before[row] = .some(place)
            rows.append(row)
        }

        mutating func note(copyOf pair: Int, _ start: Int?) {
            if !copies.contains(where: { $0.pair == pair }) { copies.append((pair, start)) }
        }
    }

    private mutating func take(_ row: Int, _ step: inout Step) {
        guard let place = table.unbook(row) else { return }
        step.note(row, place)
        cost = cost - part(row, place) + part(row, nil)
        waiting.insert(row)
        count(row, place, -1)
        if let pair = problem.pair[row], problem.copyHeld[pair] == nil, table.copyStart[pair] != nil,
            !problem.pairRows[pair].contains(where: { table.place[$0] != nil || table.heldCode[$0] != nil })
        {
            step.note(copyOf: pair, table.copyStart[pair])
            table.dropCopy(pair)
        }
    }

    private mutating func put(_ row: Int, _ found: Candidate, wave: Int, _ step: inout Step) {
        step.note(row, nil)
        if let pair = problem.pair[row], table.copyStart[pair] == nil { step.note(copyOf: pair, nil) }
        table.place(row, at: found, wave: wave)
        noteBooked(row)
    }

    private mutating func noteBooked(_ row: Int) {
        guard let place = table.place[row] else { return }
        cost = cost - part(row, nil) + part(row, place)
        waiting.remove(row)
        count(row, place, 1)
    }

    private mutating func count(_ row: Int, _ place: Placement, _ change: Int) {
        placedOfClass[problem.rowClass[row]] += change
        if place.wave == 0 && problem.canaryAble[row] { canariesOfClass[problem.rowClass[row]] += change }
    }

    private mutating func undo(_ step: Step) {
        for row in step.rows {
            if let place = table.unbook(row) { count(row, place, -1) }
        }
        for (pair, start) in step.copies {
            if table.copyStart[pair] != nil { table.dropCopy(pair) }
            if let start { table.bookCopy(pair, start: start, end: start + problem.copySeconds) }
        }
        for row in step.rows {
            if let place = step.before[row] ?? nil {
                table.book(row, place)
                count(row, place, 1)
                waiting.remove(row)
            } else {
                waiting.insert(row)
            }
        }
        cost = step.cost
    }

    /// Rule 9 as a whole, as far as a step can break it.
    private var isSound: Bool {
        guard Self.gaps(table) <= gaps else { return false }
        if isContinued { return true }
        for kind in placedOfClass.indices
        where placedOfClass[kind] > 0 && classHasAble[kind] && !classHasPin[kind] && canariesOfClass[kind] == 0 { return false }
        return true
    }

    // MARK: Putting rows in

    private func isBetter(_ left: Candidate, than right: Candidate) -> Bool {
        (left.daysLate, left.peak, left.end) < (right.daysLate, right.peak, right.end)
    }

    /// The best place over all waves. `tight`: no wave but the last may end later than it does.
    private mutating func insert(_ row: Int, tight: Bool, earlyCodes: Bool, avoid: Int?, _ step: inout Step) {
        guard table.place[row] == nil, table.dependenciesEnd(row) != nil else { return }
        let last = table.waves.keys.max() ?? 0
        var best: (found: Candidate, wave: Int)?
        for wave in 0...last + 1 where wave != avoid && problem.mayJoin(row, wave) && table.isOpen(wave, isContinued: isContinued) {
            let (lower, upper) = (table.lower(wave), table.upper(wave))
            // A later wave than one that serves only costs its soaking time.
            if let best, lower != .min, lower >= best.found.end, best.found.daysLate == 0, best.found.peak <= problem.alone[row].leastPeak {
                break
            }
            var until = upper
            if tight, wave < last, let rows = table.waves[wave] { until = min(until, rows.last) }
            guard lower == .min || lower < until, let found = table.search(row, from: lower, until: until, earlyCodes: earlyCodes) else {
                continue
            }
            if best.map({ isBetter(found, than: $0.found) }) ?? true { best = (found, wave) }
        }
        if let best { put(row, best.found, wave: best.wave, &step) }
    }

    /// Puts rows in, those they depend on first.
    private mutating func insertAll(_ rows: [Int], first: [Int], tight: Bool, avoid: Int?, _ step: inout Step) {
        let early = generator.next(4) == 0
        var left = rows
        while !left.isEmpty {
            let ready = left.filter { table.dependenciesEnd($0) != nil }
            if ready.isEmpty { return }
            for row in ready {
                let keepsAway = generator.next(3) == 0 && !first.contains(row)
                insert(row, tight: tight, earlyCodes: early, avoid: keepsAway ? avoid : nil, &step)
            }
            left.removeAll { ready.contains($0) }
        }
    }

    /// Moves rows of later waves forward, now that waves before them may have ended earlier.
    private mutating func pull(from wave: Int, _ step: inout Step) {
        for number in table.waves.keys.sorted() where number >= wave {
            let rows = (table.waves[number]?.rows ?? []).filter { isMovable[$0] }
            let order = rows.sorted { (table.place[$0]?.mainStart ?? 0, $0) < (table.place[$1]?.mainStart ?? 0, $1) }
            for row in order {
                guard let old = table.place[row] else { continue }
                let before = part(row, old)
                let copy = problem.pair[row].flatMap { table.copyStart[$0] }
                let lower = table.lower(number)
                if max(lower, problem.grid.from) >= old.mainStart { continue }
                take(row, &step)
                let found = table.search(row, from: lower, until: table.upper(number), earlyCodes: false)
                if let found {
                    var place = old
                    (place.mainStart, place.mainEnd, place.codeStart) = (found.start, found.end, found.codeStart)
                    if part(row, place).isBelow(before, replanning: isReplan) {
                        put(row, found, wave: number, &step)
                        continue
                    }
                }
                if let pair = problem.pair[row], table.copyStart[pair] == nil, let copy {
                    table.bookCopy(pair, start: copy, end: copy + problem.copySeconds)
                }
                table.book(row, old)
                noteBooked(row)
            }
        }
    }

    /// One step. True when something became better.
    private mutating func step(patience: Int) -> Bool {
        let choice = neighbourhood(generator.next(waiting.isEmpty && late.isEmpty ? 5 : 9))
        var step = Step(cost: cost)
        let ends = table.waves.mapValues(\.last)
        for row in choice.rows { for other in withDependents(row) { take(other, &step) } }
        guard !step.rows.isEmpty || !choice.first.isEmpty else { return false }
        let firstWave = step.rows.compactMap { (step.before[$0] ?? nil)?.wave }.min() ?? 0
        var order = step.rows.sorted()
        // Sorting them is work too.
        table.work += waiting.count
        order += waiting.sorted().shuffled(&generator, most: 4).filter { step.before[$0] == nil }
        let noise = (1 + generator.next(4)) * 43_200
        let ranks = order.map { row in problem.rows[row].weight * -21_600 + problem.alone[row].earliestEnd + generator.next(noise) }
        order = zip(ranks, order).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
        if generator.next(3) == 0 { order = order.shuffled(&generator, most: order.count) }
        order = choice.first + order.filter { !choice.first.contains($0) }
        insertAll(order, first: choice.first, tight: choice.tight, avoid: choice.avoid, &step)
        // A wave that ends earlier lets those after it begin earlier.
        let shorter = ends.filter { wave, end in table.waves[wave].map { $0.last < end } ?? true }.keys.min()
        if let shorter { pull(from: shorter + 1, &step) } else if generator.next(8) == 0 { pull(from: max(1, firstWave), &step) }
        let isFine =
            isSound && step.rows.allSatisfy { table.firsts.isKept(problem.client[$0]) }
            && !step.cost.isBelow(cost, replanning: isReplan, patience: -patience)
        guard isFine else {
            undo(step)
            return false
        }
        if cost.isBelow(best.cost, replanning: isReplan) {
            best = (cost, table.place, table.copyStart)
            return true
        }
        return false
    }

    /// Improves until `limit` slots were looked at, or `isOver` says so. Leaves the best timetable in `table`.
    mutating func run(limit: Int, isOver: () -> Bool, progress: (PlanProgress) -> Void) -> Bool {
        let begin = table.work
        var steps = 0
        var stopped = false
        while table.work - begin < limit {
            if steps % 64 == 0 {
                progress(.improving(min(1, Double(table.work - begin) / Double(max(1, limit)))))
                late = movable.filter { row in table.place[row].map { problem.daysLate(row, start: $0.mainStart) > 0 } ?? false }
            }
            steps += 1
            if steps % 16 == 0, isOver() {
                stopped = true
                break
            }
            let share = Double(table.work - begin) / Double(max(1, limit))
            _ = step(patience: Int(Double(best.cost.completion) * 0.004 * max(0, 0.8 - share)))
            table.work += 40
        }
        restore()
        return stopped
    }

    private mutating func restore() {
        for row in problem.rows.indices where table.place[row] != best.places[row] { table.unbook(row) }
        for pair in best.copies.indices where table.copyStart[pair] != best.copies[pair] {
            if table.copyStart[pair] != nil { table.dropCopy(pair) }
            if let start = best.copies[pair] { table.bookCopy(pair, start: start, end: start + problem.copySeconds) }
        }
        for row in problem.rows.indices where table.place[row] != best.places[row] {
            if let place = best.places[row] { table.book(row, place) }
        }
        cost = best.cost
    }
}
