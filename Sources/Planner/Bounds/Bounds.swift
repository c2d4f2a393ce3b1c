import Fleet

/// Proven lower bounds of the objective's levels, each given that the levels above it have the value they have in the plan.
///
/// Two relaxations. A row alone does no worse than in company. And a Lagrangian one of what rows share: how many may start at the same time, in one
/// wave, and on one date for a client, when a wave can begin, and groups of new clients, each a week after the one before it. Clients pay a price for
/// their group and rows for their start, and choose the cheapest; with any prices the sum is a lower bound (`SharedBounds`).
struct Bounds {
    let problem: Problem
    let plan: Plan
    /// Rows that rule 10 keeps.
    let kept: Set<Int>

    func bound() -> PlanBound {
        let possible = possibleRows()
        var bound = PlanBound()
        let impossible = problem.rows.indices.reduce(0) { $0 + (possible[$1] ? 0 : problem.rows[$1].weight) }
        bound.unplaced = impossible
        bound.changes = 0
        // What is kept may break rules by which the others are bounded.
        guard kept.isEmpty else {
            bound.lateness = 0
            return bound
        }
        let unplaced = plan.objective.unplaced
        let spare = unplaced - impossible
        let alone = problem.rows.indices.filter { possible[$0] }
        func least(_ value: (Int) -> Int) -> Int { Self.sum(alone.map { (value($0), problem.rows[$0].weight) }, dropping: spare) }
        var lateness = least { problem.rows[$0].weight * problem.alone[$0].fewestDaysLate }
        var disturbed = least { problem.rows[$0].dailyMessages * problem.alone[$0].leastPeak } / 86_400
        var completion = least { problem.rows[$0].weight * (problem.alone[$0].earliestEnd - problem.grid.from) } / 60
        if let shared = SharedBounds(problem: problem, possible: possible, unplaced: unplaced) {
            let values = plan.objective
            /// What is the best already needs no better bound.
            func better(_ known: Int, _ level: SharedBounds.Level, _ value: Int) -> Int {
                known >= value ? known : max(known, min(value, shared.bound(level, best: value, spare: spare)))
            }
            bound.unplaced = impossible + better(0, .unplaced, spare)
            lateness = better(lateness, .lateness, values.lateness)
            disturbed = better(disturbed, .disruption, values.disruption)
            completion = better(completion, .completion, values.completion)
        }
        (bound.lateness, bound.disruption, bound.completion) = (lateness, disturbed, completion)
        return bound
    }

    /// Rows that fit alone, and all they depend on too.
    private func possibleRows() -> [Bool] {
        var possible = problem.rows.indices.map { problem.alone[$0].fits || kept.contains($0) }
        var stack = problem.rows.indices.filter { !possible[$0] }
        for row in problem.rows.indices where possible[row] && !kept.contains(row) && problem.dependsOn[row].contains(nil) {
            possible[row] = false
            stack.append(row)
        }
        while let row = stack.popLast() {
            for other in problem.dependents[row] where possible[other] && !kept.contains(other) {
                possible[other] = false
                stack.append(other)
            }
        }
        return possible
    }

    /// The least sum when rows of so much weight are left out: those that cost most for their weight, the last one in part.
    static func sum(_ costs: [(cost: Int, weight: Int)], dropping spare: Int) -> Int {
        let total = costs.reduce(0) { $0 + $1.cost }
        guard spare > 0 else { return total }
        var (left, saved) = (spare, 0)
        for (cost, weight) in costs.sorted(by: { $0.cost * $1.weight > $1.cost * $0.weight }) where left > 0 {
            // Rounded up: what is saved may not be told too low.
            saved += weight <= left ? cost : (cost * left + weight - 1) / weight
            left -= weight
        }
        return max(0, total - saved)
    }
}
