import Fleet

/// Computes the objective from the tasks alone, with none of the planner's tables.
enum Evaluator {
    static func objective(tasks: [PlanTask], rows: [FleetRow], settings: PlanningSettings, previous: Plan?) -> PlanObjective {
        var codes: [String: PlanTask] = [:]
        var cutovers: [String: PlanTask] = [:]
        collect(tasks, &codes, &cutovers)
        var oldCodes: [String: PlanTask] = [:]
        var oldCutovers: [String: PlanTask] = [:]
        collect(previous?.tasks ?? [], &oldCodes, &oldCutovers)
        var result = PlanObjective()
        var disturbed = 0
        for row in rows {
            guard let last = cutovers[row.rowRef] ?? codes[row.rowRef] else {
                result.unplaced += row.weight
                continue
            }
            if let deadline = row.deadline {
                result.lateness += row.weight * max(0, row.zone.date(of: last.end - 1).dayNumber - deadline.dayNumber)
            }
            if let cutover = cutovers[row.rowRef], let hours = row.peakHours, row.dailyMessages > 0 {
                disturbed += row.dailyMessages * hours.seconds(in: Interval(start: cutover.start, end: cutover.end), zone: row.zone)
            }
            result.completion += row.weight * (last.end - settings.horizonFrom)
            let wasPlaced = oldCodes[row.rowRef] != nil || oldCutovers[row.rowRef] != nil
            if wasPlaced,
                oldCodes[row.rowRef]?.start != codes[row.rowRef]?.start || oldCutovers[row.rowRef]?.start != cutovers[row.rowRef]?.start
            {
                result.changes += 1
            }
        }
        result.disruption = disturbed / 86_400
        // Weights count whole minutes; what is left of the sum is below one.
        result.completion /= 60
        return result
    }

    private static func collect(_ tasks: [PlanTask], _ codes: inout [String: PlanTask], _ cutovers: inout [String: PlanTask]) {
        for task in tasks {
            guard let ref = task.rowRef else { continue }
            if task.kind == .otp { codes[ref] = task } else { cutovers[ref] = task }
        }
    }
}
