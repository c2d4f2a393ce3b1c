public import Fleet

/// How far the planner is.
public enum PlanProgress: Sendable, Equatable {
    /// Plans built so far.
    case built(Int, of: Int)
    /// The share of the improvement that is done, 0 to 1.
    case improving(Double)
}

/// Plans a fleet: pure, deterministic, seeded.
public enum Planner {
    /// Plans the accepted rows of a fleet; the rejected ones are listed in the plan.
    ///
    /// - Parameters:
    ///   - operators: nil: people are not modelled.
    ///   - previous: the plan that is being carried out, with the states its tasks have.
    ///   - seed: breaks ties: which of the operators who are free reads a code.
    ///   - now: whole seconds since 1970.
    ///   - tries: how many plans are built, of which the best is improved; nil: as many as the size of the fleet allows.
    ///   - effort: how many slots the improvement looks at; nil: as many as the size of the fleet allows.
    ///   - progress: told how far it is.
    ///   - timeLimit: cuts the search short; the plan then says `stoppedEarly`.
    public static func plan(
        fleet: FleetFile, operators: Operators? = nil, settings: PlanningSettings, previous: Plan? = nil, now: Int, seed: UInt64 = 1,
        tries: Int? = nil, effort: Int? = nil, timeLimit: Duration? = nil, progress: (PlanProgress) -> Void = { _ in }
    ) -> Plan {
        let clock = ContinuousClock()
        let begin = clock.now
        let problem = Problem(fleet: fleet, operators: operators, settings: settings, now: now)
        var continuation = previous.map { Continuation(problem: problem, previous: $0) }
        continuation?.holdCopies()
        continuation?.keepCodes()
        problem.prepare()
        var base = Timetable(problem)
        continuation?.install(&base)
        let kept = Set(problem.rows.indices.filter { base.place[$0] != nil || base.heldCode[$0] != nil })

        var search = PlanSearch(
            problem: problem, base: base, continuation: continuation, previous: previous, isContinued: !kept.isEmpty,
            seed: Self.searchSeed)
        let count = tries ?? usualTries(rows: problem.rows.count, slots: problem.grid.count)
        var stopped = false
        var number = 0
        while number < max(1, count) || tries == nil && search.isWorthMore(number) {
            if number > 0, let timeLimit, clock.now - begin > timeLimit {
                stopped = true
                break
            }
            if search.attempt(number) { break }
            number += 1
            progress(.built(number, of: max(number, count)))
        }
        guard let best = search.best else { return Plan(now: now, settings: settings, seed: seed) }
        var plan = best.plan
        var table = best.construction.table
        if best.isSound {
            var improvement = Improvement(
                problem: problem, table: table, continuation: continuation, isContinued: !kept.isEmpty, isReplan: previous != nil,
                seed: Self.searchSeed)
            let isOver = { timeLimit.map { clock.now - begin > $0 } ?? false }
            if !stopped {
                stopped = improvement.run(limit: effort ?? usualEffort(rows: problem.rows.count), isOver: isOver, progress: progress)
            }
            table = improvement.table
            if previous == nil { table.shareCodes(seed: seed) }
            plan = Plan(now: now, settings: settings, seed: seed)
            Assembly(problem: problem, table: table, continuation: continuation).fill(&plan)
            plan.objective = Evaluator.objective(tasks: plan.tasks, rows: problem.rows, settings: settings, previous: previous)
        }
        plan.seed = seed
        plan.stoppedEarly = stopped
        plan.rejected = fleet.problems
        var explanation = Explanation(
            problem: problem, table: table, isContinued: !kept.isEmpty, closedClasses: best.construction.closedClasses,
            kept: Set(continuation?.forcedWave.keys.map { $0 } ?? []))
        plan.unplaced = explanation.unplaced()
        plan.late = explanation.late()
        plan.bound = Bounds(problem: problem, plan: plan, kept: kept).bound()
        return plan
    }

    /// The search's own seed. The caller's only breaks ties: another one gives a plan that is as good.
    private static let searchSeed: UInt64 = 1

    /// Slots that the improvement looks at: about a second for 300 rows, and some seven for any large fleet.
    static func usualEffort(rows: Int) -> Int { min(5_000_000, 1_000_000 + 1500 * rows) }

    /// Bounded by work: about the same for a small fleet on a fine grid as for a large one on a coarse grid.
    static func usualTries(rows: Int, slots: Int) -> Int {
        let rows = max(1, rows)
        return max(rows > 20_000 ? 2 : 3, min(200, 5_000_000 / (rows * rows), 160_000_000 / (rows * max(1, slots))))
    }
}
