import Fleet

/// Lower bounds from what rows share; see `Bounds`.
struct SharedBounds {
    enum Level { case unplaced, lateness, disruption, completion }

    private let problem: Problem
    /// Rows that can be placed, in the order of their clients.
    private let rows: [Int]
    /// The part of `rows` that belongs to one client.
    private let clients: [Range<Int>]
    /// When each wave can begin, and how many rows it may have.
    private var waves: [(begin: Int, size: Int)] = []
    /// When each group of new clients can begin.
    private var groups: [Int] = []
    /// The moments at which waves and groups can begin, and for each row of `rows` its first start then or later: −1 when there is none.
    private var moments: [Int] = []
    private var firstSlot: [Int32] = []
    /// For each wave and group, the moment at which both can have begun.
    private var momentOf: [[Int]] = []
    private let release: [Int]
    /// Rounds of price changes: bounded by the work of one.
    private var rounds = 0

    /// Nil when the fleet is too large for the tables, or nothing is shared.
    init?(problem: Problem, possible: [Bool], unplaced: Int) {
        self.problem = problem
        var (rows, clients): ([Int], [Range<Int>]) = ([], [])
        for members in problem.clientRows {
            let begin = rows.count
            rows += members.filter { possible[$0] }
            if rows.count > begin { clients.append(begin..<rows.count) }
        }
        guard !rows.isEmpty else { return nil }
        (self.rows, self.clients) = (rows, clients)
        release = Self.releases(problem)
        makeWaves(unplaced: unplaced)
        makeGroups()
        moments = Array(Set(waves.map(\.begin) + groups)).sorted()
        let index = Dictionary(moments.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        momentOf = waves.map { wave in groups.map { index[max(wave.begin, $0)] ?? 0 } }
        let work = rows.count * waves.count * groups.count
        rounds = min(150, 120_000_000 / max(1, work))
        guard rounds >= 4, rows.count * moments.count <= 20_000_000 else { return nil }
        makeStarts()
    }

    /// When what a row depends on can be over at the earliest.
    private static func releases(_ problem: Problem) -> [Int] {
        var release = [Int](repeating: .min, count: problem.rows.count)
        var waiting = problem.dependsOn.map(\.count)
        var ready = problem.rows.indices.filter { waiting[$0] == 0 }
        while let row = ready.popLast() {
            let end = max(problem.alone[row].earliestEnd, release[row] == .min ? .min : release[row] + problem.mainSeconds(row))
            for other in problem.dependents[row] {
                release[other] = max(release[other], end)
                waiting[other] -= 1
                if waiting[other] == 0 { ready.append(other) }
            }
        }
        return release
    }

    // MARK: When waves and groups begin

    private mutating func makeWaves(unplaced: Int) {
        let grid = problem.grid
        // Where any row may start, by the length of its cut-over.
        var (any, codes) = (SlotSet(count: grid.count), SlotSet(count: grid.count))
        for row in rows { if problem.shape[row] == .code { codes.formUnion(problem.main[row]) } else { any.formUnion(problem.main[row]) } }
        func firstEnd(from time: Int) -> Int? {
            let slot = max(0, grid.ceil(time))
            let ends = [
                any.first(from: slot).map { grid.time($0) + problem.cutSeconds },
                codes.first(from: slot).map { grid.time($0) + problem.otpSeconds },
            ]
            return ends.compactMap { $0 }.min()
        }
        // Classes that cannot be left out whole need a canary.
        var weight = [Int](repeating: 0, count: problem.classCount)
        var canary = [Int](repeating: .max, count: problem.classCount)
        var pinned = [Bool](repeating: false, count: problem.classCount)
        var end = Int.min
        for row in rows {
            let kind = problem.rowClass[row]
            weight[kind] += problem.rows[row].weight
            if problem.canaryAble[row] { canary[kind] = min(canary[kind], problem.alone[row].earliestEnd) }
        }
        for row in problem.rows.indices where problem.rows[row].wave == .canary {
            pinned[problem.rowClass[row]] = true
            if problem.alone[row].fits && problem.rows[row].weight > unplaced { end = max(end, problem.alone[row].earliestEnd) }
        }
        for kind in weight.indices where weight[kind] > unplaced && !pinned[kind] && canary[kind] != .max { end = max(end, canary[kind]) }
        waves = [(grid.from, problem.canaryCap)]
        var begin = end == .min ? grid.from : end + problem.soak
        var room = problem.canaryCap
        while waves.count < 200 {
            let size = problem.settings.waveSize(waves.count)
            waves.append((begin, size))
            room += size
            guard room < rows.count, let next = firstEnd(from: begin), next + problem.soak < grid.to else { break }
            begin = next + problem.soak
        }
        // The last one stands for all that may follow.
        waves[waves.count - 1].size = rows.count
    }

    private mutating func makeGroups() {
        let first = rows.map { problem.alone[$0].earliestEnd - problem.mainSeconds($0) }.min() ?? problem.grid.from
        let limit = problem.settings.newClientsPer7Days
        groups = [problem.grid.from]
        while groups.count * limit < clients.count {
            let begin = first + groups.count * RollingCap.window
            guard begin < problem.grid.to else { break }
            groups.append(begin)
        }
    }

    private mutating func makeStarts() {
        firstSlot = [Int32](repeating: -1, count: rows.count * moments.count)
        for (number, row) in rows.enumerated() {
            let alone = Placeable(
                problem: problem, row: row, main: problem.main[row], code: problem.code[row], copyReady: problem.aloneReady(row),
                lag: problem.lag)
            let earliest = max(problem.aloneReady(row), release[row] == .min ? 0 : problem.grid.ceil(release[row]))
            var known = -1
            for (moment, time) in moments.enumerated() {
                let from = max(earliest, problem.grid.ceil(time))
                if known < from {
                    guard let slot = alone.first(from: from) else { break }
                    known = slot
                }
                firstSlot[number * moments.count + moment] = Int32(known)
            }
        }
    }

    // MARK: One level

    /// What rows cost from each moment on; nil where they have no place any more.
    private func costs(_ level: Level) -> [Double] {
        var table = [Double](repeating: .infinity, count: firstSlot.count)
        let count = moments.count
        for (number, row) in rows.enumerated() {
            let value = problem.rows[row]
            var least = Double.infinity
            for moment in (0..<count).reversed() {
                let at = number * count + moment
                guard firstSlot[at] >= 0 else { continue }
                let start = problem.grid.time(Int(firstSlot[at]))
                switch level {
                case .unplaced: table[at] = 0
                case .lateness: table[at] = Double(value.weight * problem.daysLate(row, start: start))
                case .completion: table[at] = Double(value.weight * (start + problem.mainSeconds(row) - problem.grid.from)) / 60
                case .disruption:
                    // The quietest start from here to the next moment, or later.
                    guard let peak = problem.peaks[row], problem.alone[row].leastPeak > 0 || rows.count <= 2000 else {
                        table[at] = 0
                        continue
                    }
                    let next = moment + 1 < count ? firstSlot[at + 1] : Int32(problem.grid.count)
                    let end = next < 0 ? Int32(problem.grid.count) : next
                    var slot = problem.main[row].first(from: Int(firstSlot[at]))
                    while let here = slot, here < Int(end), least > 0 {
                        least = min(least, Double(value.dailyMessages) * Double(peak[here]) / 86_400)
                        slot = problem.main[row].first(from: here + 1)
                    }
                    table[at] = least
                }
            }
        }
        return table
    }

    /// - Parameters:
    ///   - best: the value in the plan.
    ///   - spare: the weight that is left unplaced although each row of it would fit alone.
    func bound(_ level: Level, best: Int, spare: Int) -> Int {
        guard best > 0 else { return 0 }
        let cost = costs(level)
        var (waveMultiplier, groupMultiplier) = ([Double](repeating: 0, count: waves.count), [Double](repeating: 0, count: groups.count))
        // The price of leaving a weight of one out; at the level itself that is its cost.
        var leaving = level == .unplaced ? 1.0 : spare > 0 ? Double(best) / Double(max(1, spare)) : .infinity
        var found = 0.0
        var step = 1.0
        var stale = 0
        for _ in 0..<rounds {
            var (inWave, inGroup) = ([Double](repeating: 0, count: waves.count), [Double](repeating: 0, count: groups.count))
            var (value, left) = (0.0, 0.0)
            for client in clients {
                let choice = choose(client, cost, waveMultiplier, groupMultiplier, leaving)
                value += choice.value
                if choice.group < 0 {
                    for number in client { left += Double(problem.rows[rows[number]].weight) }
                    continue
                }
                inGroup[choice.group] += 1
                for number in client {
                    let wave = option(number, choice.group, cost, waveMultiplier, leaving).wave
                    if wave >= 0 { inWave[wave] += 1 } else { left += Double(problem.rows[rows[number]].weight) }
                }
            }
            for wave in waves.indices { value -= waveMultiplier[wave] * Double(waves[wave].size) }
            for group in groups.indices { value -= groupMultiplier[group] * Double(problem.settings.newClientsPer7Days) }
            if level != .unplaced && spare > 0 { value -= leaving * Double(spare) }
            if value > found + 1e-9 { (found, stale) = (value, 0) } else { stale += 1 }
            if stale >= 6 { (step, stale) = (step / 2, 0) }
            if found >= Double(best) || step < 1e-3 { break }
            // Towards where the sum would be as large as the plan's value (Polyak's step).
            var slope: [Double] = waves.indices.map { inWave[$0] - Double(waves[$0].size) }
            slope += groups.indices.map { inGroup[$0] - Double(problem.settings.newClientsPer7Days) }
            let miss = level != .unplaced && spare > 0 ? left - Double(spare) : 0
            let length = slope.reduce(0) { $0 + $1 * $1 } + miss * miss
            guard length > 0 else { break }
            let stride = step * max(1e-6, Double(best) - value) / length
            for wave in waves.indices { waveMultiplier[wave] = max(0, waveMultiplier[wave] + stride * slope[wave]) }
            for group in groups.indices { groupMultiplier[group] = max(0, groupMultiplier[group] + stride * slope[waves.count + group]) }
            if level != .unplaced && spare > 0 { leaving = max(0, leaving + stride * miss) }
        }
        // Sums of many numbers: a millionth off for what rounding may have added.
        return Int((found * (1 - 1e-9) - 1e-6).rounded(level == .disruption || level == .completion ? .down : .up))
    }

    /// The cheapest wave for a row whose client opens with `group`; −1: leaving it out.
    private func option(_ number: Int, _ group: Int, _ cost: [Double], _ price: [Double], _ leaving: Double) -> (value: Double, wave: Int) {
        let row = rows[number]
        var best = leaving == .infinity ? (value: Double.infinity, wave: -1) : (value: leaving * Double(problem.rows[row].weight), wave: -1)
        let offset = number * moments.count
        func look(_ wave: Int) {
            let value = cost[offset + momentOf[wave][group]] + price[wave]
            if value < best.value { best = (value, wave) }
        }
        switch problem.rows[row].wave {
        case .canary: if problem.canaryAble[row] { look(0) }
        case .wave(let pin): look(min(pin, waves.count - 1))
        case nil: for wave in (problem.canaryAble[row] ? 0 : 1)..<waves.count { look(wave) }
        }
        return best
    }

    /// The cheapest group for a client; −1: leaving all of it out.
    private func choose(
        _ client: Range<Int>, _ cost: [Double], _ wavePrice: [Double], _ groupPrice: [Double], _ leaving: Double
    ) -> (value: Double, group: Int) {
        var best = (value: Double.infinity, group: -1)
        if leaving != .infinity {
            best.value = client.reduce(0) { $0 + leaving * Double(problem.rows[rows[$1]].weight) }
        }
        for group in groups.indices {
            var value = groupPrice[group]
            for number in client {
                value += option(number, group, cost, wavePrice, leaving).value
                if value >= best.value { break }
            }
            if value < best.value { best = (value, group) }
        }
        return best
    }
}
