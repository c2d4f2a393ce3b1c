import Fleet

/// Builds plan after plan and keeps the best.
struct PlanSearch {
    struct Found {
        var variant: Variant
        var construction: Construction
        var plan: Plan
        var levels: [Int]
        /// Rule 9 holds as a whole. A kept plan may leave a gap or a class without its canary; one built anew never does.
        var isSound: Bool
    }

    let problem: Problem
    let base: Timetable
    let continuation: Continuation?
    let previous: Plan?
    let isContinued: Bool
    private(set) var best: Found?
    private var generator: SplitMix
    /// Slots looked at, and rows ordered.
    private var spent = 0
    /// The best plan leaves out what would fit alone.
    private var isCrowded = false

    init(problem: Problem, base: Timetable, continuation: Continuation?, previous: Plan?, isContinued: Bool, seed: UInt64) {
        self.problem = problem
        self.base = base
        self.continuation = continuation
        self.previous = previous
        self.isContinued = isContinued
        generator = SplitMix(seed: seed)
    }

    /// Tries once more. True when nothing better can be hoped for.
    mutating func attempt(_ number: Int) -> Bool {
        let variant: Variant
        // Now and then from somewhere else: a neighbourhood has its dead ends.
        if number >= 12, number % 50 != 0, let best {
            variant = best.variant.changed(troubled: troubled(best), isCrowded: isCrowded, generator: &generator)
        } else {
            variant = Variant.opening(number, replanning: previous != nil, isCrowded: isCrowded, generator: &generator)
        }
        let found = build(variant)
        spent += found.construction.table.work + 10 * problem.rows.count
        if let best {
            guard found.isSound || !best.isSound else { return false }
            guard !best.levels.lexicographicallyPrecedes(found.levels) || found.isSound && !best.isSound else { return false }
        }
        best = found
        isCrowded = problem.rows.indices.contains { isLeftOut($0, found) }
        return problem.rows.isEmpty
    }

    /// Whether further tries are worth their time: where rows have to be left out, which ones and when the waves end decides most, and tries are
    /// what changes that. Fleets of 300 rows have about as many tries anyway, and more gave them nothing.
    func isWorthMore(_ number: Int) -> Bool { isCrowded && number < 60 && spent < 2_500_000 }

    private func build(_ variant: Variant) -> Found {
        var table = base
        if variant.keep { continuation?.keepRest(&table) }
        var construction = Construction(
            problem: problem, table: table, variant: variant, isContinued: isContinued, forcedWave: continuation?.forcedWave ?? [:])
        construction.run()
        var plan = Plan(now: problem.now, settings: problem.settings, seed: 0)
        Assembly(problem: problem, table: construction.table, continuation: continuation).fill(&plan)
        plan.objective = Evaluator.objective(tasks: plan.tasks, rows: problem.rows, settings: problem.settings, previous: previous)
        return Found(
            variant: variant, construction: construction, plan: plan, levels: plan.objective.levels(replanning: previous != nil),
            isSound: !variant.keep || isContinued || construction.isComplete)
    }

    private func isLeftOut(_ row: Int, _ found: Found) -> Bool { problem.alone[row].fits && found.construction.table.place[row] == nil }

    /// Rows that are late or, though they would fit alone, left out.
    private func troubled(_ found: Found) -> [Int] {
        problem.rows.indices.filter { row in
            guard let place = found.construction.table.place[row] else { return isLeftOut(row, found) }
            return !place.isFixed && problem.daysLate(row, start: place.mainStart) > 0
        }
    }
}
