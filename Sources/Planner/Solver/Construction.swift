import Fleet
import HeapModule

/// Builds one plan: wave after wave, each time the row that ranks first at the earliest place it can have.
struct Construction {
    let problem: Problem
    let variant: Variant
    var table: Timetable
    /// A previous plan has tasks that stay: the class rule is not applied again.
    let isContinued: Bool
    /// Rows whose wave rule 10 has set.
    let forcedWave: [Int: Int]
    private let headStart: [Int]
    /// Of the rows that would fit alone.
    private let clientWeight: [Int]
    /// Clients that may have their first cut-over before the others do.
    private var mayOpen: [Bool]
    /// The last wave by which a row has to be placed, because a pinned row waits for it.
    private var neededBy: [Int: Int] = [:]
    /// Classes that cannot have a canary: none of their rows is placed.
    private(set) var closedClasses: Set<Int> = []
    /// A start before which a row has no place; reset when its client opens.
    private var hint: [Int]
    private let pinnedWaves: [Int: Int]

    private struct Entry: Comparable {
        var rank: Int
        var row: Int
        static func < (left: Self, right: Self) -> Bool { (left.rank, left.row) < (right.rank, right.row) }
    }

    init(problem: Problem, table: Timetable, variant: Variant, isContinued: Bool, forcedWave: [Int: Int]) {
        self.problem = problem
        self.table = table
        self.variant = variant
        self.isContinued = isContinued
        self.forcedWave = forcedWave
        var generator = SplitMix(seed: variant.jitterSeed)
        headStart = problem.rows.indices.map { row in (variant.boost[row] ?? 0) - (variant.jitter > 0 ? generator.next(variant.jitter) : 0)
        }
        clientWeight = problem.clientRows.map { $0.reduce(0) { $0 + (problem.alone[$1].fits ? problem.rows[$1].weight : 0) } }
        mayOpen = [Bool](repeating: true, count: problem.clientRows.count)
        hint = [Int](repeating: 0, count: problem.rows.count)
        var pinned: [Int: Int] = [:]
        for row in problem.rows.indices where problem.alone[row].fits {
            if case .wave(let wave) = problem.rows[row].wave { pinned[wave, default: 0] += 1 }
        }
        pinnedWaves = pinned
        for row in problem.rows.indices {
            if let wave = pinnedWave(row) { need(row, by: wave) }
        }
    }

    /// As many clients as may still open are to be those with most to place, beside those that have to.
    private mutating func chooseClients() {
        guard variant.openings < .infinity else { return }
        var generator = SplitMix(seed: variant.openingSeed)
        mayOpen = [Bool](repeating: false, count: problem.clientRows.count)
        var value = [Double](repeating: 0, count: problem.clientRows.count)
        for row in problem.rows.indices where isFree(row) {
            value[problem.client[row]] += Double(problem.rows[row].weight)
            if neededBy[row] != nil || table.heldCode[row] != nil { mayOpen[problem.client[row]] = true }
        }
        for client in value.indices { value[client] *= 1 + variant.openingNoise * Double(generator.next(1000)) / 1000 }
        let opened = value.indices.filter { table.firsts.opened($0) }
        let order = value.indices.filter { value[$0] > 0 && !table.firsts.opened($0) }.sorted { (value[$0], $1) > (value[$1], $0) }
        // What was opened by an earlier plan may lie long before.
        let room = Int(variant.openings * Double(Self.mostOpenings(problem))) - (isContinued ? 0 : opened.count)
        for client in order.prefix(max(0, room)) { mayOpen[client] = true }
    }

    private static func mostOpenings(_ problem: Problem) -> Int {
        let span = problem.grid.to - max(problem.grid.from, problem.now)
        return problem.settings.newClientsPer7Days * max(1, (span + RollingCap.window - 1) / RollingCap.window)
    }

    private func pinnedWave(_ row: Int) -> Int? {
        switch problem.rows[row].wave {
        case .canary: 0
        case .wave(let wave): wave
        case nil: forcedWave[row]
        }
    }

    private mutating func need(_ row: Int, by wave: Int) {
        var stack = [row]
        while let row = stack.popLast() {
            if let known = neededBy[row], known <= wave { continue }
            neededBy[row] = wave
            stack += problem.dependsOn[row].compactMap { $0 }
        }
    }

    private func isFree(_ row: Int) -> Bool {
        table.place[row] == nil && (problem.alone[row].fits || table.heldCode[row] != nil) && !closedClasses.contains(problem.rowClass[row])
    }

    private func mayJoin(_ row: Int, _ wave: Int) -> Bool {
        if let forced = forcedWave[row], table.heldCode[row] != nil { return forced == wave }
        return problem.mayJoin(row, wave)
    }

    private func rank(_ row: Int, _ start: Int) -> Int {
        let value = problem.rows[row]
        let due = value.deadline.map { value.zone.instant(of: $0, minute: 1440) } ?? problem.grid.to
        var rank = Double(start) + variant.deadlinePull * Double(due - problem.grid.from) - variant.weightPull * Double(value.weight)
        if !table.firsts.opened(problem.client[row]) {
            rank -= variant.openingPull + variant.openingWeightPull * Double(clientWeight[problem.client[row]])
        }
        return Int(rank) - headStart[row]
    }

    private func mayBegin(_ row: Int) -> Bool { mayOpen[problem.client[row]] || table.firsts.opened(problem.client[row]) }

    // MARK: One wave

    /// Places rows in a wave until it holds `quota` more, or no row of `candidates` fits.
    ///
    /// - Parameters:
    ///   - span: how long after its first cut-over the wave takes further rows.
    ///   - limit: the end that a cut-over must not pass.
    ///   - isWanted: asked each time a row's turn comes, with the rows placed so far.
    /// - Returns: the rows placed.
    private mutating func fill(
        _ wave: Int, with candidates: [Int], quota: Int, span: Int, limit: Int = .max,
        isWanted: (_ row: Int, _ placed: [Int]) -> Bool = { _, _ in true }
    ) -> [Int] {
        guard quota > 0 else { return [] }
        let lower = table.lower(wave)
        let upper = min(limit, table.upper(wave))
        let firstSlot = lower == .min ? 0 : max(0, problem.grid.ceil(lower))
        var latest = span == .max ? Int.max : (table.waves[wave].map { $0.first + span } ?? .max)
        var heap = Heap<Entry>()
        let allowed = Set(candidates)
        func enqueue(_ row: Int, _ heap: inout Heap<Entry>) {
            guard allowed.contains(row), isFree(row), mayBegin(row), table.dependenciesEnd(row) != nil,
                let slot = problem.main[row].first(from: max(firstSlot, hint[row]))
            else { return }
            heap.insert(Entry(rank: rank(row, problem.grid.time(slot)), row: row))
        }
        for row in candidates { enqueue(row, &heap) }
        var placed: [Int] = []
        while placed.count < quota, let entry = heap.popMin() {
            let row = entry.row
            guard isFree(row), isWanted(row, placed) else { continue }
            guard let found = table.search(row, from: lower, earlyCodes: variant.earlyCodes) else { continue }
            // Bookings only push an undisturbed start later; with a deadline the choice may turn.
            if problem.rows[row].deadline == nil && found.peak <= problem.alone[row].leastPeak {
                hint[row] = problem.grid.floor(found.start)
            }
            if found.end > upper || found.start > latest { continue }
            let rank = rank(row, found.start)
            if rank > entry.rank, let next = heap.min, next.rank < rank {
                heap.insert(Entry(rank: rank, row: row))
                continue
            }
            let opens = !table.firsts.opened(problem.client[row])
            table.place(row, at: found, wave: wave)
            placed.append(row)
            if latest == .max && span != .max { latest = found.start + span }
            if opens {
                for other in problem.clientRows[problem.client[row]] where table.place[other] == nil {
                    hint[other] = 0
                    enqueue(other, &heap)
                }
            }
            for other in problem.dependents[row] { enqueue(other, &heap) }
        }
        return placed
    }

    // MARK: Wave 0

    private mutating func buildCanaries() {
        chooseClients()
        let able = problem.rows.indices.filter { problem.canaryAble[$0] && isFree($0) && mayJoin($0, 0) }
        let existing = table.count(0)
        var quota = problem.canaryCap - existing
        let patience = variant.patience == .max ? Int.max : problem.now + variant.patience
        let required = able.filter { neededBy[$0] == 0 }
        quota -= fill(0, with: required, quota: quota, span: .max, limit: patience).count
        if isContinued { return }
        let pinnedClasses = Set(problem.rows.indices.filter { problem.rows[$0].wave == .canary }.map { problem.rowClass[$0] })
        let classes = problem.rowClass
        var open = Set(able.map { classes[$0] }).subtracting(pinnedClasses)
        func dropCovered() {
            for row in problem.rows.indices where problem.canaryAble[row] && table.place[row]?.wave == 0 { open.remove(classes[row]) }
        }
        dropCovered()
        // A class whose canaries all wait for another row goes first: the row it waits for may be the canary of its own class.
        for kind in open.sorted() where open.contains(kind) {
            let members = able.filter { classes[$0] == kind && isFree($0) }
            guard members.allSatisfy({ table.dependenciesEnd($0) == nil }), let chain = cheapestChain(members) else { continue }
            if chain.count <= quota, placeChain(chain, limit: patience) { quota -= chain.count }
            dropCovered()
        }
        quota -= fillClasses(open, with: able, quota: quota, limit: patience)
        dropCovered()
        if !open.isEmpty && mayOpen.contains(false) {
            // Classes that no chosen client has a canary of.
            let chosen = mayOpen
            for client in mayOpen.indices { mayOpen[client] = true }
            quota -= fillClasses(open, with: able, quota: quota, limit: patience)
            mayOpen = chosen
        }
        dropCovered()
        for kind in open.sorted() { closeClass(kind) }
        chooseClients()
        // More canaries, as long as they do not keep the next wave waiting.
        if let end = table.waves[0]?.last {
            _ = fill(0, with: able, quota: min(quota, problem.canaryCap - table.count(0)), span: .max, limit: end)
        }
    }

    /// One canary for each class, as far as there is room. Returns how many were placed.
    private mutating func fillClasses(_ wanted: Set<Int>, with able: [Int], quota: Int, limit: Int) -> Int {
        let classes = problem.rowClass
        return fill(
            0, with: able.filter { wanted.contains(classes[$0]) }, quota: min(quota, wanted.count), span: .max, limit: limit
        ) { row, placed in
            wanted.contains(classes[row]) && !placed.contains { classes[$0] == classes[row] }
        }.count
    }

    /// A row with what it depends on, as few as possible, in an order in which they can be placed.
    private func cheapestChain(_ rows: [Int]) -> [Int]? {
        var best: [Int]?
        for row in rows {
            var chain: [Int] = []
            var seen: Set<Int> = []
            func visit(_ row: Int) {
                guard seen.insert(row).inserted, table.place[row] == nil else { return }
                for other in problem.dependsOn[row] { if let other { visit(other) } }
                chain.append(row)
            }
            visit(row)
            if chain.count < best?.count ?? .max { best = chain }
        }
        return best
    }

    private mutating func placeChain(_ chain: [Int], limit: Int) -> Bool {
        let before = table
        let upper = min(limit, table.upper(0))
        for row in chain {
            guard isFree(row), mayJoin(row, 0), let found = table.search(row, from: table.lower(0), earlyCodes: variant.earlyCodes),
                found.end <= upper
            else {
                table = before
                return false
            }
            table.place(row, at: found, wave: 0)
        }
        return true
    }

    private mutating func closeClass(_ kind: Int) {
        if problem.rows.indices.contains(where: { problem.rowClass[$0] == kind && table.place[$0] != nil }) { return }
        closedClasses.insert(kind)
    }

    // MARK: All waves

    mutating func run() {
        buildCanaries()
        releaseCodes(of: 0)
        let reachable = variant.reserveForPins ? reachablePins() : 0
        var wave = 1
        buildWaves(from: &wave, reachable: reachable)
        if mayOpen.contains(false) {
            // What is left of the horizon is for the others.
            for client in mayOpen.indices { mayOpen[client] = true }
            buildWaves(from: &wave, reachable: reachable)
        }
        // A wave that is not reached keeps no codes.
        releaseCodes(of: .max)
        repair()
    }

    private mutating func buildWaves(from wave: inout Int, reachable: Int) {
        while wave <= problem.rows.count + reachable + (table.waves.keys.max() ?? 0) + 1 {
            let free = problem.rows.indices.filter { isFree($0) && mayBegin($0) && mayJoin($0, wave) }
            let beyond = (table.waves.keys.max() ?? 0) > wave || free.count < problem.rows.indices.count { isFree($0) }
            if free.isEmpty && !beyond { break }
            buildWave(wave, free: free, reachable: reachable)
            releaseCodes(of: wave)
            // A wave without rows: nothing may come after it, except what an earlier plan has put there.
            if table.waves[wave] == nil && (table.waves.keys.max() ?? 0) <= wave { break }
            wave += 1
        }
    }

    private mutating func buildWave(_ wave: Int, free: [Int], reachable: Int) {
        let room = table.room(wave)
        guard room > 0 else { return }
        let patience = variant.patience == .max ? Int.max : max(table.lower(wave), problem.now) + variant.patience
        // What has to be in this wave, with room left for it while the others are chosen.
        let required = free.filter { neededBy[$0] == wave }
        let placed = fill(wave, with: required, quota: room, span: .max, limit: patience).count
        var quota = room - placed
        if reachable > wave {
            let later = (wave + 1..<reachable).count { pinnedWaves[$0] == nil && table.waves[$0] == nil }
            let others = problem.rows.indices.count { problem.rows[$0].wave == nil && isFree($0) }
            quota = min(quota, others - later)
            if quota <= 0 && table.waves[wave] == nil { quota = 1 }
        }
        _ = fill(wave, with: free.filter { neededBy[$0] != wave || problem.rows[$0].wave == nil }, quota: quota, span: variant.span(wave))
    }

    /// The highest pinned wave for which there are rows enough to fill the waves before it.
    private func reachablePins() -> Int {
        let others = problem.rows.indices.count { isFree($0) && problem.rows[$0].wave == nil }
        var reachable = 0
        for wave in pinnedWaves.keys.sorted() {
            let empty = (1..<wave).count { pinnedWaves[$0] == nil && table.waves[$0] == nil }
            if empty <= others { reachable = wave }
        }
        return reachable
    }

    /// A held code whose cut-over found no place in its wave releases its row.
    private mutating func releaseCodes(of wave: Int) {
        for (row, held) in table.heldCode.sorted(by: { $0.key < $1.key }) where held.wave <= wave { table.releaseCode(row) }
    }

    /// Second chances in waves with room: what found no place, in any order of time.
    private mutating func repair() {
        let waves = table.waves.keys.sorted()
        var progress = true
        while progress {
            progress = false
            let left = problem.rows.indices.filter { isFree($0) }.sorted { (-problem.rows[$0].weight, $0) < (-problem.rows[$1].weight, $1) }
            for row in left {
                for wave in waves where mayJoin(row, wave) && table.isOpen(wave, isContinued: isContinued) {
                    let (lower, upper) = (table.lower(wave), table.upper(wave))
                    guard let found = table.search(row, from: lower, until: upper, earlyCodes: variant.earlyCodes) else { continue }
                    table.place(row, at: found, wave: wave)
                    progress = true
                    break
                }
            }
        }
    }
}
