import Fleet

/// Lower bounds from what rows share; see `Bounds`.
///
/// A client chooses the group of new clients it opens with, and each of its rows a bucket in which it has a start then. They pay what starting there
/// costs, and the prices of everything that limits how many may start there (`StartLimits`). With any prices the sum, less what the limits are
/// worth, is a lower bound. The best prices are looked for by the volume algorithm (Barahona and Anbil 2000): they rise where, on average over the
/// choices so far, more start than may.
struct SharedBounds {
    enum Level { case unplaced, lateness, disruption, completion }

    private let problem: Problem
    private let shared: StartLimits
    /// Rounds of price changes: bounded by the work of one.
    private let rounds: Int

    /// Nil when the fleet is too large for the tables, or has nothing to place.
    init?(problem: Problem, possible: [Bool], unplaced: Int) {
        guard let start = StartLimits(problem: problem, possible: possible, unplaced: unplaced) else { return nil }
        (self.problem, shared) = (problem, start)
        let work =
            2 * start.cells.count + start.rows.count * start.groups.count + start.limits.count + start.limitsOf.reduce(0) { $0 + $1.count }
        rounds = min(400, 100_000_000 / max(1, work))
        guard rounds >= 4 else { return nil }
    }

    /// What it costs to start in each cell.
    private func costs(_ level: Level) -> [Double] {
        guard level != .unplaced else { return [Double](repeating: 0, count: shared.cells.count) }
        var table = [Double](repeating: 0, count: shared.cells.count)
        for (number, row) in shared.rows.enumerated() {
            let value = problem.rows[row]
            for at in shared.cellsOf[number] {
                let slot = Int(shared.cells[at].slot)
                let start = problem.grid.time(slot)
                switch level {
                case .unplaced: break
                case .lateness: if value.deadline != nil { table[at] = Double(value.weight * problem.daysLate(row, start: start)) }
                case .completion: table[at] = Double(value.weight * (start + problem.mainSeconds(row) - problem.grid.from)) / 60
                case .disruption:
                    guard let peak = problem.peaks[row], problem.alone[row].leastPeak > 0 || shared.rows.count <= 2000 else { continue }
                    // The quietest start in it.
                    let end = at + 1 < shared.cellsOf[number].upperBound ? Int(shared.cells[at + 1].slot) : problem.grid.count
                    var least = peak[slot]
                    var next = problem.main[row].first(from: slot + 1)
                    while let here = next, here < end, least > 0 {
                        least = min(least, peak[here])
                        next = problem.main[row].first(from: here + 1)
                    }
                    table[at] = Double(value.dailyMessages) * Double(least) / 86_400
                }
            }
        }
        return table
    }

    /// What clients and rows choose under prices, and how much of everything limited that takes: limits, groups, and the weight left out.
    private struct Choice {
        var value = 0.0
        var used: [Double]
        /// The sum of everything that was added or taken off: how far off the value may be.
        var scale = 0.0
    }

    /// The cheapest choice of every client.
    private func choose(_ cost: [Double], _ prices: [Double]) -> Choice {
        var choice = Choice(used: [Double](repeating: 0, count: prices.count))
        let (groupPrice, leaving) = (Array(prices[shared.limits.count..<prices.count - 1]), prices[prices.count - 1])
        let bucketPrice = shared.limitsOf.map { $0.reduce(0) { $0 + prices[$1] } }
        var taken = [Double](repeating: 0, count: shared.buckets.count)
        var cell: [Int32] = []
        for client in shared.clients {
            // For each row, from each group on: its cheapest cell.
            cell = [Int32](repeating: -1, count: client.count * shared.groups.count)
            var sum = groupPrice
            for (place, number) in client.enumerated() {
                var (best, at) = (leaving * Double(problem.rows[shared.rows[number]].weight), -1)
                let price = shared.placing[number].reduce(0) { $0 + prices[$1.limit] * $1.use }
                var group = shared.groups.count - 1
                func note() {
                    cell[place * shared.groups.count + group] = Int32(at)
                    sum[group] += best
                    group -= 1
                }
                for index in shared.cellsOf[number].reversed() {
                    let here = shared.cells[index]
                    while group >= 0, shared.groupBucket[group] > here.bucket { note() }
                    var value = cost[index] + price + bucketPrice[Int(here.bucket)]
                    if here.date >= 0 { value += prices[Int(here.date)] }
                    // Among equals any, so that not all take the same one.
                    if value < best || value == best && Self.mix(index) > Self.mix(at) { (best, at) = (value, index) }
                }
                while group >= 0 { note() }
            }
            let weight = client.reduce(0) { $0 + problem.rows[shared.rows[$1]].weight }
            let none = leaving * Double(weight)
            guard let group = sum.indices.min(by: { sum[$0] < sum[$1] }), sum[group] < none else {
                choice.value += none
                choice.used[prices.count - 1] += Double(weight)
                continue
            }
            choice.value += sum[group]
            choice.used[shared.limits.count + group] += 1
            for (place, number) in client.enumerated() {
                let at = Int(cell[place * shared.groups.count + group])
                guard at >= 0 else {
                    choice.used[prices.count - 1] += Double(problem.rows[shared.rows[number]].weight)
                    continue
                }
                for (limit, use) in shared.placing[number] { choice.used[limit] += use }
                taken[Int(shared.cells[at].bucket)] += 1
                if shared.cells[at].date >= 0 { choice.used[Int(shared.cells[at].date)] += 1 }
            }
        }
        for (bucket, count) in taken.enumerated() where count > 0 { for limit in shared.limitsOf[bucket] { choice.used[limit] += count } }
        return choice
    }

    /// If nothing else were shared, those with most to place would open, and a group be worth what the first of the others has.
    private var openingPrice: Double? {
        let room = shared.groups.count * problem.settings.newClientsPer7Days
        guard room < shared.clients.count else { return nil }
        return Double(shared.clients.map { $0.reduce(0) { $0 + problem.rows[shared.rows[$1]].weight } }.sorted(by: >)[room])
    }

    private static func mix(_ index: Int) -> UInt64 {
        let mixed = UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 32)
    }

    /// - Parameters:
    ///   - best: the value in the plan.
    ///   - spare: the weight that is left unplaced although each row of it would fit alone.
    func bound(_ level: Level, best: Int, spare: Int) -> Int {
        guard best > 0 else { return 0 }
        let cost = costs(level)
        // At the level itself leaving out costs its weight. Below it, only so much may be left out.
        let mayLeave = level != .unplaced && spare > 0
        var capacity = shared.limits.map(Double.init) + shared.groups.map { _ in Double(problem.settings.newClientsPer7Days) }
        capacity.append(mayLeave ? Double(spare) : 0)
        var prices = [Double](repeating: 0, count: capacity.count)
        prices[prices.count - 1] = level == .unplaced ? 1 : mayLeave ? 0 : 1e12
        let priced = mayLeave ? prices.indices : prices.indices.dropLast()
        func evaluate(_ prices: [Double]) -> Choice {
            var choice = choose(cost, prices)
            let worth = prices.indices.reduce(0) { $0 + prices[$1] * capacity[$1] }
            choice.scale = choice.value + worth
            choice.value -= worth
            return choice
        }

        if level == .unplaced {
            if let price = openingPrice { for group in shared.groups.indices { prices[shared.limits.count + group] = price } }
            for (limit, price) in shared.pinPrices { prices[limit] = price }
        }
        var found = evaluate(prices)
        // What is used on average over the choices so far, the last ones more.
        var average = found.used
        // Over six tight and six calm fleets, with smaller shares and more patience bounds of the completion were a fifth to a half of these.
        var (factor, share, failures) = (1.0, 0.5, 0)
        var checkpoint = found.value
        for round in 1...rounds {
            var slope = priced.map { average[$0] - capacity[$0] }
            // What is free and not used up stays free.
            for index in priced where prices[index] == 0 && slope[index] < 0 { slope[index] = 0 }
            let length = slope.reduce(0) { $0 + $1 * $1 }
            guard found.value < Double(best), length > 1e-9 else { break }
            let step = factor * (Double(best) - found.value) / length
            var next = prices
            for index in priced { next[index] = max(0, prices[index] + step * slope[index]) }
            let choice = evaluate(next)
            let (near, far) = priced.reduce(into: (0.0, 0.0)) { sums, index in
                let difference = slope[index] - (choice.used[index] - capacity[index])
                sums.0 += slope[index] * difference
                sums.1 += difference * difference
            }
            let least = far > 0 ? near / far : 0
            let part = least < 0 ? share / 10 : min(share, max(least, share / 10))
            for index in priced { average[index] += part * (choice.used[index] - average[index]) }
            if choice.value > found.value + 1e-9 {
                let agrees = priced.reduce(0) { $0 + slope[$1] * (choice.used[$1] - capacity[$1]) } > 0
                if agrees { factor = min(2, factor * 1.5) }
                (found, prices, failures) = (choice, next, 0)
            } else {
                failures += 1
                if failures == 5 { (factor, failures) = (max(1e-4, factor * 0.66), 0) }
            }
            if round % 25 == 0 {
                if found.value < checkpoint + 0.002 * Double(best) { share /= 2 }
                if found.value < checkpoint + 0.001 * Double(best), round >= 75 { break }
                checkpoint = found.value
            }
        }
        // Sums of many numbers: a little off for what rounding may have added.
        return max(0, Int((found.value - 1e-6 - 1e-10 * found.scale).rounded(level == .disruption || level == .completion ? .down : .up)))
    }
}
