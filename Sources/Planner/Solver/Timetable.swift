import Fleet

/// Where a row's tasks are. Times in seconds: what is fixed need not lie on a slot.
struct Placement: Equatable {
    var codeStart: Int?
    var codeEnd: Int?
    var mainStart: Int
    var mainEnd: Int
    var person: Int?
    var wave: Int
    /// Running or done, exempt from the rules.
    var isFixed = false
    /// Kept by the freeze of rule 10.
    var isHeld = false

    var firstStart: Int { min(codeStart ?? mainStart, mainStart) }
}

/// A place that is free for a row.
struct Candidate {
    var start: Int
    var end: Int
    var codeStart: Int?
    var person: Int?
    var daysLate: Int
    var peak: Int
}

/// A client's time that is taken.
private struct Booking {
    var start: Int
    var end: Int
}

/// Bookings of one client, sorted by start: a client has few, and a table of slots for each client would not fit into memory.
private struct Bookings {
    private var list: [Booking] = []
    /// The longest one: how far back an overlap can begin.
    private var longest = 0

    var isEmpty: Bool { list.isEmpty }

    private func position(_ start: Int) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ start: Int, _ end: Int) {
        longest = max(longest, end - start)
        list.insert(Booking(start: start, end: end), at: position(start))
    }

    mutating func remove(_ start: Int, _ end: Int) {
        var at = position(start)
        while at < list.count, list[at].start == start {
            if list[at].end == end {
                list.remove(at: at)
                return
            }
            at += 1
        }
    }

    /// Whether fewer than `limit` overlap at any moment from `start` to `end`.
    func hasRoom(_ start: Int, _ end: Int, limit: Int) -> Bool {
        var at = position(start - longest)
        var overlapping: [Booking] = []
        while at < list.count, list[at].start < end {
            if list[at].end > start {
                if limit == 1 { return false }
                overlapping.append(list[at])
            }
            at += 1
        }
        guard overlapping.count >= limit else { return true }
        return overlapping.allSatisfy { one in
            let moment = max(one.start, start)
            return overlapping.count { $0.start <= moment && moment < $0.end } < limit
        }
    }
}

/// The rows of one wave.
struct WaveRows: Equatable {
    /// The first start and the last end of a main task.
    var first = Int.max
    var last = Int.min
    var rows: [Int] = []
}

/// What is booked so far. Every booking can be taken back, in any order.
struct Timetable {
    let problem: Problem
    private(set) var place: [Placement?]
    /// Codes of rows whose cut-over is still to be placed (rule 10).
    private(set) var heldCode: [Int: Placement] = [:]
    private var cutovers: [UInt16]
    /// Starts of a cut-over, and of a code that counts as one, that touch a slot without room.
    private(set) var fullForCut: SlotSet
    private(set) var fullForCode: SlotSet
    private var clientCutovers: [Bookings]
    private var clientCodes: [Bookings]
    private var people: [[UInt16]]
    /// Starts at which no operator of a group had room for a code, as far as that was found out.
    private var groupFull: [SlotSet]
    private var copies: [UInt16]
    private(set) var copyStart: [Int?]
    private var copyNext: Int
    private var days: [Int: Int] = [:]
    private(set) var firsts: RollingCap
    private(set) var waves: [Int: WaveRows] = [:]
    /// Slots looked at: the work done, by which a search is bounded.
    var work = 0

    init(_ problem: Problem) {
        self.problem = problem
        let slots = problem.grid.count
        place = [Placement?](repeating: nil, count: problem.rows.count)
        cutovers = [UInt16](repeating: 0, count: slots)
        fullForCut = SlotSet(count: slots)
        fullForCode = SlotSet(count: slots)
        clientCutovers = [Bookings](repeating: Bookings(), count: problem.clientRows.count)
        clientCodes = [Bookings](repeating: Bookings(), count: problem.clientRows.count)
        people = [[UInt16]](repeating: [], count: problem.calendars.operators?.count ?? 0)
        groupFull = [SlotSet](repeating: SlotSet(count: slots), count: problem.groups.count)
        copies = [UInt16](repeating: 0, count: slots)
        copyStart = [Int?](repeating: nil, count: problem.pairNames.count)
        copyNext = max(0, problem.grid.ceil(problem.now))
        firsts = RollingCap(limit: problem.settings.newClientsPer7Days, clients: problem.clientRows.count, grid: problem.grid)
    }

    // MARK: Copies

    mutating func bookCopy(_ pair: Int, start: Int, end: Int) {
        copyStart[pair] = start
        for slot in problem.grid.touched(start, end) { copies[slot] += 1 }
    }

    /// Takes back a copy that no row needs any more; one that is held stays.
    mutating func dropCopy(_ pair: Int) {
        guard problem.copyHeld[pair] == nil, let start = copyStart[pair] else { return }
        copyStart[pair] = nil
        for slot in problem.grid.touched(start, start + problem.copySeconds) { copies[slot] -= 1 }
        copyNext = min(copyNext, max(0, problem.grid.floor(start - problem.copySeconds) + 1))
        copyNext = max(copyNext, 0, problem.grid.ceil(problem.now))
    }

    func copyIsFree(_ start: Int) -> Bool {
        let end = start + problem.copySeconds
        guard start >= problem.now, end <= problem.grid.to, problem.grid.slot(of: start) != nil else { return false }
        return problem.grid.touched(start, end).allSatisfy { Int(copies[$0]) < problem.settings.maxConcurrentCopies }
    }

    /// The first free start for a copy. Bookings only ever push it later.
    mutating func nextCopy() -> Int? {
        while copyNext < problem.grid.count {
            if copyIsFree(problem.grid.time(copyNext)) { return problem.grid.time(copyNext) }
            copyNext += 1
        }
        return nil
    }

    // MARK: Rows

    mutating func book(_ row: Int, _ placement: Placement) {
        let client = problem.client[row]
        if heldCode[row] == nil { bookCode(row, placement) }
        heldCode[row] = nil
        place[row] = placement
        clientCutovers[client].insert(placement.mainStart, placement.mainEnd)
        for slot in problem.grid.touched(placement.mainStart, placement.mainEnd) {
            cutovers[slot] += 1
            if Int(cutovers[slot]) == problem.settings.maxConcurrentCutovers { block(slot) }
        }
        days[dayKey(row, placement.mainStart), default: 0] += 1
        firsts.record(client, at: placement.mainStart)
        var wave = waves[placement.wave] ?? WaveRows()
        waves[placement.wave] = nil
        wave.first = min(wave.first, placement.mainStart)
        wave.last = max(wave.last, placement.mainEnd)
        wave.rows.append(row)
        waves[placement.wave] = wave
    }

    /// Takes a row's bookings back; its copy stays. Returns where it was.
    @discardableResult
    mutating func unbook(_ row: Int) -> Placement? {
        guard let placement = place[row] else { return nil }
        place[row] = nil
        unbookCode(row, placement)
        let client = problem.client[row]
        clientCutovers[client].remove(placement.mainStart, placement.mainEnd)
        for slot in problem.grid.touched(placement.mainStart, placement.mainEnd) {
            cutovers[slot] -= 1
            if Int(cutovers[slot]) == problem.settings.maxConcurrentCutovers - 1 { unblock(slot) }
        }
        let key = dayKey(row, placement.mainStart)
        days[key] = days[key].flatMap { $0 > 1 ? $0 - 1 : nil }
        let first = problem.clientRows[client].compactMap { place[$0]?.mainStart }.min()
        if first != placement.mainStart { firsts.set(client, to: first) }
        if var wave = waves[placement.wave] {
            waves[placement.wave] = nil
            if let at = wave.rows.lastIndex(of: row) {
                wave.rows.swapAt(at, wave.rows.count - 1)
                wave.rows.removeLast()
            }
            if !wave.rows.isEmpty {
                if wave.first == placement.mainStart { wave.first = wave.rows.reduce(.max) { min($0, place[$1]?.mainStart ?? .max) } }
                if wave.last == placement.mainEnd { wave.last = wave.rows.reduce(.min) { max($0, place[$1]?.mainEnd ?? .min) } }
                waves[placement.wave] = wave
            }
        }
        return placement
    }

    /// Slots that a main task touches, by its length.
    private func width(_ seconds: Int) -> Int { (seconds + problem.grid.step - 1) / problem.grid.step }

    private mutating func block(_ slot: Int) {
        fullForCut.insert(slot - width(problem.cutSeconds) + 1..<slot + 1)
        fullForCode.insert(slot - width(problem.otpSeconds) + 1..<slot + 1)
    }

    private mutating func unblock(_ slot: Int) {
        let limit = problem.settings.maxConcurrentCutovers
        func isFree(_ start: Int, _ width: Int) -> Bool {
            (start..<min(start + width, cutovers.count)).allSatisfy { Int(cutovers[$0]) < limit }
        }
        let (cut, code) = (width(problem.cutSeconds), width(problem.otpSeconds))
        for start in max(0, slot - cut + 1)...slot where isFree(start, cut) { fullForCut.remove(start) }
        for start in max(0, slot - code + 1)...slot where isFree(start, code) { fullForCode.remove(start) }
    }

    /// Books a code whose cut-over is still to be placed.
    mutating func hold(_ row: Int, code: Placement) {
        heldCode[row] = code
        bookCode(row, code)
    }

    /// The interval of the operator's and the client's time.
    private func codeInterval(_ row: Int, _ placement: Placement) -> (start: Int, codeEnd: Int, bookedUntil: Int)? {
        switch problem.shape[row] {
        case .code: return (placement.mainStart, placement.mainEnd, placement.mainEnd)
        case .cutover: return nil
        case .split: return placement.codeStart.flatMap { start in placement.codeEnd.map { (start, $0, $0) } }
        case .joined: return placement.codeStart.flatMap { start in placement.codeEnd.map { (start, $0, placement.mainEnd) } }
        }
    }

    private mutating func bookCode(_ row: Int, _ placement: Placement) {
        guard let (start, codeEnd, until) = codeInterval(row, placement) else { return }
        clientCodes[problem.client[row]].insert(start, codeEnd)
        guard let person = placement.person else { return }
        if people[person].isEmpty { people[person] = [UInt16](repeating: 0, count: problem.grid.count) }
        for slot in problem.grid.touched(start, until) { people[person][slot] += 1 }
    }

    private mutating func unbookCode(_ row: Int, _ placement: Placement) {
        guard let (start, codeEnd, until) = codeInterval(row, placement) else { return }
        clientCodes[problem.client[row]].remove(start, codeEnd)
        guard let person = placement.person else { return }
        let slots = problem.grid.touched(start, until)
        for slot in slots { people[person][slot] -= 1 }
        for group in groupFull.indices { groupFull[group].remove(slots.lowerBound - width(problem.otpSeconds) + 1..<slots.upperBound) }
    }

    /// Gives a held code back: its client's and its operator's time.
    mutating func releaseCode(_ row: Int) {
        guard let held = heldCode.removeValue(forKey: row) else { return }
        unbookCode(row, held)
    }

    /// Slots at which a code is known to find no operator of a row's group.
    func fullForGroup(_ row: Int) -> SlotSet { groupFull[problem.speakerGroup[row]] }
    mutating func noteGroupIsFull(_ row: Int, slot: Int) { groupFull[problem.speakerGroup[row]].insert(slot) }

    private func dayKey(_ row: Int, _ start: Int) -> Int {
        problem.client[row] << 24 | (problem.dayNumber(row, start: start) & 0xFFFFFF)
    }

    /// Whether a person has room from `start` to `end`.
    func hasRoom(_ person: Int, _ start: Int, _ end: Int) -> Bool {
        guard let limit = problem.calendars.operators?[person].maxParallel else { return false }
        if people[person].isEmpty { return true }
        return problem.grid.touched(start, end).allSatisfy { Int(people[person][$0]) < limit }
    }

    func clientIsFree(_ client: Int, _ start: Int, _ end: Int) -> Bool { clientCodes[client].hasRoom(start, end, limit: 1) }

    /// Rules 5 and 8 for a main task: caps, days, rows that must not share a day, and those that wait for this one.
    func mainIsFree(_ row: Int, slot: Int) -> Bool { blockers(row, slot: slot, all: false).isEmpty }

    /// What keeps a row's main task from a slot by rules 5 and 8; only one of it, unless `all` is asked for.
    func blockers(_ row: Int, slot: Int, all: Bool) -> Blockers {
        var found: Blockers = []
        let settings = problem.settings
        let start = problem.grid.time(slot)
        let end = start + problem.mainSeconds(row)
        let client = problem.client[row]
        if (problem.shape[row] == .code ? fullForCode : fullForCut).contains(slot) {
            found.insert(.cutovers)
            if !all { return found }
        }
        if !clientCutovers[client].isEmpty {
            if !clientCutovers[client].hasRoom(start, end, limit: settings.maxConcurrentCutoversPerClient) {
                found.insert(.clientCutovers)
                if !all { return found }
            }
            if days[dayKey(row, start)] ?? 0 >= settings.maxCutoversPerClientPerDay {
                found.insert(.clientDay)
                if !all { return found }
            }
        }
        if sharesDay(start, with: problem.apart[row], zone: { _ in problem.rows[row].zone })
            || sharesDay(start, with: problem.apartOf[row], zone: { problem.rows[$0].zone })
        {
            found.insert(.apart)
            if !all { return found }
        }
        for other in problem.dependents[row] {
            let held = heldCode[other].map { $0.firstStart < end } ?? false
            if held || place[other].map({ !$0.isFixed && $0.firstStart < end }) ?? false {
                found.insert(.dependsOn)
                if !all { return found }
            }
        }
        return found
    }

    /// Whether one of the others is cut over on the date of `start`, as a zone sees both.
    private func sharesDay(_ start: Int, with others: [Int], zone: (Int) -> ZoneRules) -> Bool {
        others.contains { other in
            guard let place = place[other] else { return false }
            let zone = zone(other)
            return zone.date(of: start) == zone.date(of: place.mainStart)
        }
    }

    // MARK: Waves

    /// The first time a cut-over of `wave` may start.
    func lower(_ wave: Int) -> Int {
        waves.reduce(Int.min) { $1.key < wave ? max($0, $1.value.last + problem.soak) : $0 }
    }

    /// The time by which a cut-over of `wave` must have ended.
    func upper(_ wave: Int) -> Int {
        waves.reduce(Int.max) { $1.key > wave ? min($0, $1.value.first - problem.soak) : $0 }
    }

    /// How many rows a wave has.
    func count(_ wave: Int) -> Int { waves[wave]?.rows.count ?? 0 }

    /// How many rows more a wave takes by its size; of canaries, as many as their share of the fleet allows.
    func room(_ wave: Int) -> Int { (wave == 0 ? problem.canaryCap : problem.settings.waveSize(wave)) - count(wave) }

    /// Whether a new row may join a wave by its size: a plan that goes on gets no new canaries.
    func isOpen(_ wave: Int, isContinued: Bool) -> Bool { room(wave) > 0 && !(wave == 0 && isContinued) }
}
