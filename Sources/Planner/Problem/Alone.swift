import Fleet

/// What a row can reach when nothing else is in its way.
struct Alone: Equatable {
    var fits = false
    var earliestEnd = 0
    var fewestDaysLate = 0
    /// Seconds inside peak hours.
    var leastPeak = 0
}

/// A row alone with its calendars.
struct Placeable {
    let problem: Problem
    let row: Int
    let main: SlotSet
    let code: SlotSet?
    let copyReady: Int
    let lag: Int?

    /// The last code that can be read in time for a cut-over at `slot`.
    func codeSlot(for slot: Int) -> Int? {
        guard let code else { return nil }
        let grid = problem.grid
        let latest = grid.time(slot) - problem.otpSeconds
        guard let found = code.last(through: grid.floor(latest)) else { return nil }
        return lag.map { grid.time(found) >= latest - $0 } ?? true ? found : nil
    }

    /// Whether a code can be read in time for a cut-over at `slot`, or none is needed.
    private func hasCode(for slot: Int) -> Bool { code == nil || codeSlot(for: slot) != nil }

    var fits: Bool { first(from: copyReady) != nil }

    /// The first start from `slot` on for which a code can be read in time.
    func first(from slot: Int) -> Int? {
        var slot = main.first(from: slot)
        while let at = slot {
            if hasCode(for: at) { return at }
            slot = main.first(from: at + 1)
        }
        return nil
    }

    func measure() -> Alone {
        var result = Alone()
        let peak = problem.peaks[row]
        let hasDeadline = problem.rows[row].deadline != nil
        var slot = main.first(from: copyReady)
        while let at = slot {
            slot = main.first(from: at + 1)
            guard hasCode(for: at) else { continue }
            let start = problem.grid.time(at)
            let seconds = peak.map { Int($0[at]) } ?? 0
            if !result.fits {
                result = Alone(
                    fits: true, earliestEnd: start + problem.mainSeconds(row),
                    fewestDaysLate: hasDeadline ? problem.daysLate(row, start: start) : 0,
                    leastPeak: seconds)
            }
            result.leastPeak = min(result.leastPeak, seconds)
            if result.leastPeak == 0 { break }
        }
        return result
    }
}
