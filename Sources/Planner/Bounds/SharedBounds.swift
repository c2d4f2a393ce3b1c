import Fleet

/// Lower bounds from what rows share; see `Bounds`.
///
/// Time is cut into buckets. A client chooses the group of new clients it opens with, and each of its rows a bucket in which it has a start then.
/// They pay what starting there costs, and the prices of everything that limits how many may start there. With any prices the sum, less what the
/// limits are worth, is a lower bound. The best prices are looked for by the volume algorithm (Barahona and Anbil 2000): they rise where, on
/// average over the choices so far, more start than may.
struct SharedBounds {
    enum Level { case unplaced, lateness, disruption, completion }

    /// Where a row may start: in a bucket, and on one local date where its client may have only so many on a date.
    private struct Cell {
        let bucket: Int32
        /// The limit of the date; −1: none.
        let date: Int32
        /// The first start.
        let slot: Int32
    }

    private let problem: Problem
    /// Rows that can be placed, in the order of their clients.
    private let rows: [Int]
    /// The part of `rows` that belongs to one client.
    private let clients: [Range<Int>]
    /// When each wave can begin, and how many rows it may have.
    private var waves: [(begin: Int, size: Int)] = []
    /// When each group of new clients can begin.
    private var groups: [Int] = []
    /// The first slot of each bucket, and the first bucket of each group.
    private var buckets: [Int] = []
    private var groupBucket: [Int] = []
    /// In the order of time, row by row, and which of them each of `rows` has.
    private var cells: [Cell] = []
    private var cellsOf: [Range<Int>] = []
    /// How many may start where a limit holds.
    private var limits: [Int] = []
    /// For each bucket, the limits that hold there.
    private var limitsOf: [[Int]] = []
    private let release: [Int]
    /// Rounds of price changes: bounded by the work of one.
    private var rounds = 0

    /// Nil when the fleet is too large for the tables, or has nothing to place.
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
        makeBuckets()
        guard makeCells() else { return nil }
        makeLimits()
        let work = 2 * cells.count + rows.count * groups.count + limits.count + limitsOf.reduce(0) { $0 + $1.count }
        rounds = min(400, 100_000_000 / max(1, work))
        guard rounds >= 4 else { return nil }
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

    // MARK: Buckets

    private var leastSeconds: Int { rows.map { problem.mainSeconds($0) }.min() ?? problem.cutSeconds }
    private func slots(_ seconds: Int) -> Int { max(1, (seconds + problem.grid.step - 1) / problem.grid.step) }

    /// In slots: starts that are nearer to each other are of one wave. Not of a length that was rounded up already: it would be a slot too many.
    private var near: Int { slots(leastSeconds + problem.soak) }

    /// Buckets of equal length, cut again where a wave or a group can begin.
    private mutating func makeBuckets() {
        let grid = problem.grid
        var length = max(slots(leastSeconds), near / 8)
        while length < grid.count, (grid.count / length + waves.count + groups.count) * rows.count > 400_000 { length *= 2 }
        var begins = Set(stride(from: 0, to: grid.count, by: length))
        for time in waves.map(\.begin) + groups {
            let slot = grid.ceil(time)
            if slot > 0 && slot < grid.count { begins.insert(slot) }
        }
        buckets = begins.sorted()
        groupBucket = groups.map { firstBucket(from: $0) }
    }

    private func firstBucket(from time: Int) -> Int {
        let slot = problem.grid.ceil(time)
        return buckets.firstIndex { $0 >= slot } ?? buckets.count
    }

    private func end(of bucket: Int) -> Int { bucket + 1 < buckets.count ? buckets[bucket + 1] : problem.grid.count }

    /// False when there are too many.
    private mutating func makeCells() -> Bool {
        let perDate = problem.settings.maxCutoversPerClientPerDay
        for client in clients {
            guard cells.count < 4_000_000 else { return false }
            let isLimited = client.count > perDate
            var dates: [Int32: Int] = [:]
            for number in client {
                let begin = cells.count
                addCells(of: rows[number], isLimited: isLimited)
                cellsOf.append(begin..<cells.count)
                if isLimited { for date in Set(cells[begin...].map(\.date)) { dates[date, default: 0] += 1 } }
            }
            guard isLimited, let first = client.first, let last = client.last else { continue }
            var limit: [Int32: Int32] = [:]
            for (date, count) in dates.sorted(by: { $0.key < $1.key }) where count > perDate {
                limit[date] = Int32(limits.count)
                limits.append(perDate)
            }
            for at in cellsOf[first].lowerBound..<cellsOf[last].upperBound {
                cells[at] = Cell(bucket: cells[at].bucket, date: limit[cells[at].date] ?? -1, slot: cells[at].slot)
            }
        }
        return true
    }

    /// Where the client is limited, a cell holds the local date itself until `makeCells` knows which limit that has.
    private mutating func addCells(of row: Int, isLimited: Bool) {
        let grid = problem.grid
        let alone = Placeable(
            problem: problem, row: row, main: problem.main[row], code: problem.code[row], copyReady: problem.aloneReady(row),
            lag: problem.lag)
        var from = max(problem.aloneReady(row), release[row] == .min ? 0 : grid.ceil(release[row]))
        switch problem.rows[row].wave {
        case .canary: break
        case .wave(let pin): from = max(from, grid.ceil(waves[min(pin, waves.count - 1)].begin))
        case nil: if !problem.canaryAble[row], waves.count > 1 { from = max(from, grid.ceil(waves[1].begin)) }
        }
        let dates = problem.zoneDates[problem.zone[row]]
        var bucket = 0
        while let slot = alone.first(from: from) {
            while end(of: bucket) <= slot { bucket += 1 }
            cells.append(Cell(bucket: Int32(bucket), date: isLimited ? dates[slot] : -1, slot: Int32(slot)))
            from = end(of: bucket)
            // On to the next date, if that comes first.
            if isLimited, dates[from - 1] != dates[slot] {
                var (low, high) = (slot, from - 1)
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if dates[middle] == dates[slot] { low = middle } else { high = middle }
                }
                from = high
            }
        }
    }

    /// Limits that hold nobody back are left out.
    private mutating func makeLimits() {
        let settings = problem.settings
        limitsOf = [[Int]](repeating: [], count: buckets.count)
        func add(_ range: Range<Int>, most: Int) {
            guard most < rows.count else { return }
            for bucket in range { limitsOf[bucket].append(limits.count) }
            limits.append(most)
        }
        // Cut-overs at the same time.
        var users = [Int](repeating: 0, count: buckets.count)
        for range in cellsOf {
            var last: Int32 = -1
            for cell in cells[range] where cell.bucket != last {
                users[Int(cell.bucket)] += 1
                last = cell.bucket
            }
        }
        let shortest = slots(leastSeconds)
        for bucket in buckets.indices {
            let most = settings.maxConcurrentCutovers * ((end(of: bucket) - buckets[bucket] + shortest - 1) / shortest)
            if users[bucket] > most { add(bucket..<bucket + 1, most: most) }
        }
        // Before a wave can begin, only those before it have.
        let waveBucket = waves.map { firstBucket(from: $0.begin) }
        var room = 0
        for wave in waves.indices.dropFirst() {
            room += waves[wave - 1].size
            add(0..<waveBucket[wave], most: room)
        }
        // Starts that are near to each other are of one wave.
        var (stop, wave) = (0, 0)
        for begin in buckets.indices {
            while stop < buckets.count, end(of: stop) - buckets[begin] <= near { stop += 1 }
            while wave + 1 < waves.count, waveBucket[wave + 1] < stop { wave += 1 }
            // The last one stands for all that follow.
            let sizes = wave + 1 < waves.count ? (0..<wave).map { settings.waveSize($0 + 1) } : settings.waveSizes
            let most = max(problem.canaryCap, sizes.max() ?? 0)
            if stop > begin + 1, users[begin..<stop].reduce(0, +) > most { add(begin..<stop, most: most) }
        }
    }

    // MARK: One level

    /// What it costs to start in each cell.
    private func costs(_ level: Level) -> [Double] {
        guard level != .unplaced else { return [Double](repeating: 0, count: cells.count) }
        var table = [Double](repeating: 0, count: cells.count)
        for (number, row) in rows.enumerated() {
            let value = problem.rows[row]
            for at in cellsOf[number] {
                let slot = Int(cells[at].slot)
                let start = problem.grid.time(slot)
                switch level {
                case .unplaced: break
                case .lateness: if value.deadline != nil { table[at] = Double(value.weight * problem.daysLate(row, start: start)) }
                case .completion: table[at] = Double(value.weight * (start + problem.mainSeconds(row) - problem.grid.from)) / 60
                case .disruption:
                    guard let peak = problem.peaks[row], problem.alone[row].leastPeak > 0 || rows.count <= 2000 else { continue }
                    // The quietest start in it.
                    let end = at + 1 < cellsOf[number].upperBound ? Int(cells[at + 1].slot) : problem.grid.count
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
        let (groupPrice, leaving) = (Array(prices[limits.count..<prices.count - 1]), prices[prices.count - 1])
        let bucketPrice = limitsOf.map { $0.reduce(0) { $0 + prices[$1] } }
        var taken = [Double](repeating: 0, count: buckets.count)
        var cell: [Int32] = []
        for client in clients {
            // For each row, from each group on: its cheapest cell.
            cell = [Int32](repeating: -1, count: client.count * groups.count)
            var sum = groupPrice
            for (place, number) in client.enumerated() {
                var (best, at) = (leaving * Double(problem.rows[rows[number]].weight), -1)
                var group = groups.count - 1
                func note() {
                    cell[place * groups.count + group] = Int32(at)
                    sum[group] += best
                    group -= 1
                }
                for index in cellsOf[number].reversed() {
                    let here = cells[index]
                    while group >= 0, groupBucket[group] > here.bucket { note() }
                    var value = cost[index] + bucketPrice[Int(here.bucket)]
                    if here.date >= 0 { value += prices[Int(here.date)] }
                    // Among equals any, so that not all take the same one.
                    if value < best || value == best && Self.mix(index) > Self.mix(at) { (best, at) = (value, index) }
                }
                while group >= 0 { note() }
            }
            let weight = client.reduce(0) { $0 + problem.rows[rows[$1]].weight }
            let none = leaving * Double(weight)
            guard let group = sum.indices.min(by: { sum[$0] < sum[$1] }), sum[group] < none else {
                choice.value += none
                choice.used[prices.count - 1] += Double(weight)
                continue
            }
            choice.value += sum[group]
            choice.used[limits.count + group] += 1
            for (place, number) in client.enumerated() {
                let at = Int(cell[place * groups.count + group])
                guard at >= 0 else {
                    choice.used[prices.count - 1] += Double(problem.rows[rows[number]].weight)
                    continue
                }
                taken[Int(cells[at].bucket)] += 1
                if cells[at].date >= 0 { choice.used[Int(cells[at].date)] += 1 }
            }
        }
        for (bucket, count) in taken.enumerated() where count > 0 { for limit in limitsOf[bucket] { choice.used[limit] += count } }
        return choice
    }

    /// If nothing else were shared, those with most to place would open, and a group be worth what the first of the others has.
    private var openingPrice: Double? {
        let room = groups.count * problem.settings.newClientsPer7Days
        guard room < clients.count else { return nil }
        return Double(clients.map { $0.reduce(0) { $0 + problem.rows[rows[$1]].weight } }.sorted(by: >)[room])
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
        var capacity = limits.map(Double.init) + groups.map { _ in Double(problem.settings.newClientsPer7Days) }
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

        if level == .unplaced, let price = openingPrice { for group in groups.indices { prices[limits.count + group] = price } }
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
