import Fleet

/// What limits when rows may start, for `SharedBounds`: tables of where each may, and of how many may there.
///
/// Time is cut into buckets. Every limit is a rule of DESIGN's, loosened to whole buckets: how many may start at the same time, before a wave can
/// begin, near to each other, on one date of a client; how many pinned rows a wave takes; that no row is placed without those it depends on; and
/// groups of new clients, each a week after the one before it.
struct StartLimits {
    /// Where a row may start: in a bucket, and on one local date where its client may have only so many on a date.
    struct Cell {
        let bucket: Int32
        /// The limit of the date; −1: none.
        let date: Int32
        /// The first start.
        let slot: Int32
    }

    let problem: Problem
    /// Rows that can be placed, in the order of their clients.
    let rows: [Int]
    /// The part of `rows` that belongs to one client.
    let clients: [Range<Int>]
    /// When each wave can begin, and how many rows it may have.
    private var waves: [(begin: Int, size: Int)] = []
    /// When each group of new clients can begin.
    private(set) var groups: [Int] = []
    /// The first slot of each bucket, and the first bucket of each group.
    private(set) var buckets: [Int] = []
    private(set) var groupBucket: [Int] = []
    /// In the order of time, row by row, and which of them each of `rows` has.
    private(set) var cells: [Cell] = []
    private(set) var cellsOf: [Range<Int>] = []
    /// How many may start where a limit holds.
    private(set) var limits: [Int] = []
    /// For each bucket, the limits that hold there.
    private(set) var limitsOf: [[Int]] = []
    /// For each of `rows`, the limits that hold wherever it is placed, and by how much it uses them: its pinned wave's size, and for each row that
    /// depends on another that no more of those are placed than of these.
    private(set) var placing: [[(limit: Int, use: Double)]] = []
    /// If nothing else were shared, what a place in each full wave would be worth to the pinned row that has none.
    private(set) var pinPrices: [(limit: Int, price: Double)] = []
    private let release: [Int]

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
        makeRowLimits()
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

    /// Limits that hold for rows wherever they are placed.
    private mutating func makeRowLimits() {
        placing = [[(limit: Int, use: Double)]](repeating: [], count: rows.count)
        var numberOf: [Int: Int] = [:]
        var pinned: [Int: [Int]] = [:]
        for (number, row) in rows.enumerated() {
            numberOf[row] = number
            switch problem.rows[row].wave {
            case .canary: pinned[0, default: []].append(number)
            case .wave(let wave): pinned[wave, default: []].append(number)
            case nil: break
            }
        }
        for (wave, members) in pinned.sorted(by: { $0.key < $1.key }) {
            let size = wave == 0 ? problem.canaryCap : problem.settings.waveSize(wave)
            guard members.count > size else { continue }
            for number in members { placing[number].append((limits.count, 1)) }
            let weights = members.map { Double(problem.rows[rows[$0]].weight) }.sorted(by: >)
            pinPrices.append((limits.count, weights[size]))
            limits.append(size)
        }
        for (number, row) in rows.enumerated() {
            for other in problem.dependsOn[row] {
                guard let other, let before = numberOf[other], before != number else { continue }
                placing[number].append((limits.count, 1))
                placing[before].append((limits.count, -1))
                limits.append(0)
            }
        }
    }
}
