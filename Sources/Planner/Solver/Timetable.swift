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

/// What is booked so far.
struct Timetable {
    let problem: Problem
    var place: [Placement?]
    /// Codes of rows whose cut-over is still to be placed (rule 10).
    var heldCode: [Int: Placement] = [:]
    private(set) var cutovers: [UInt16]
    private var clientCutovers: [[UInt16]]
    private var clientCodes: [SlotSet?]
    private var people: [[UInt16]]
    private var copies: [UInt16]
    private(set) var copyStart: [Int?]
    private var copyNext: Int
    private var days: [Int: Int] = [:]
    private(set) var firsts: RollingCap
    private(set) var waveFirst: [Int: Int] = [:]
    private(set) var waveLast: [Int: Int] = [:]
    private(set) var waveCount: [Int: Int] = [:]

    init(_ problem: Problem) {
        self.problem = problem
        let slots = problem.grid.count
        place = [Placement?](repeating: nil, count: problem.rows.count)
        cutovers = [UInt16](repeating: 0, count: slots)
        clientCutovers = [[UInt16]](repeating: [], count: problem.clientRows.count)
        clientCodes = [SlotSet?](repeating: nil, count: problem.clientRows.count)
        people = [[UInt16]](repeating: [], count: problem.calendars.operators?.count ?? 0)
        copies = [UInt16](repeating: 0, count: slots)
        copyStart = [Int?](repeating: nil, count: problem.pairNames.count)
        copyNext = max(0, problem.grid.ceil(problem.now))
        firsts = RollingCap(limit: problem.settings.newClientsPer7Days)
    }

    // MARK: Copies

    mutating func bookCopy(_ pair: Int, start: Int, end: Int) {
        copyStart[pair] = start
        for slot in problem.grid.touched(start, end) { copies[slot] += 1 }
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
        let slots = problem.grid.touched(placement.mainStart, placement.mainEnd)
        if clientCutovers[client].isEmpty { clientCutovers[client] = [UInt16](repeating: 0, count: problem.grid.count) }
        for slot in slots {
            cutovers[slot] += 1
            clientCutovers[client][slot] += 1
        }
        days[dayKey(row, placement.mainStart), default: 0] += 1
        firsts.record(client, at: placement.mainStart)
        waveFirst[placement.wave] = min(waveFirst[placement.wave] ?? .max, placement.mainStart)
        waveLast[placement.wave] = max(waveLast[placement.wave] ?? .min, placement.mainEnd)
        waveCount[placement.wave, default: 0] += 1
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
        let client = problem.client[row]
        var busy = clientCodes[client] ?? SlotSet(count: problem.grid.count)
        busy.insert(problem.grid.touched(start, codeEnd))
        clientCodes[client] = busy
        if let person = placement.person { load(person, start, until) }
    }

    private mutating func load(_ person: Int, _ start: Int, _ end: Int) {
        if people[person].isEmpty { people[person] = [UInt16](repeating: 0, count: problem.grid.count) }
        for slot in problem.grid.touched(start, end) { people[person][slot] += 1 }
    }

    /// Gives a held code back: its client's and its operator's time.
    mutating func releaseCode(_ row: Int) {
        guard let held = heldCode.removeValue(forKey: row), let (start, codeEnd, until) = codeInterval(row, held) else { return }
        let client = problem.client[row]
        clientCodes[client]?.remove(problem.grid.touched(start, codeEnd))
        // What was fixed may have shared the slots.
        for other in problem.clientRows[client] {
            guard let placement = place[other] ?? heldCode[other], let (start, codeEnd, _) = codeInterval(other, placement) else {
                continue
            }
            clientCodes[client]?.insert(problem.grid.touched(start, codeEnd))
        }
        if let person = held.person { for slot in problem.grid.touched(start, until) { people[person][slot] -= 1 } }
    }

    private func dayKey(_ row: Int, _ start: Int) -> Int {
        problem.client[row] << 24 | (problem.rows[row].zone.date(of: start).dayNumber & 0xFFFFFF)
    }

    /// Whether a person has room from `start` to `end`.
    func hasRoom(_ person: Int, _ start: Int, _ end: Int) -> Bool {
        guard let limit = problem.calendars.operators?[person].maxParallel else { return false }
        if people[person].isEmpty { return true }
        return problem.grid.touched(start, end).allSatisfy { Int(people[person][$0]) < limit }
    }

    func clientIsFree(_ client: Int, _ start: Int, _ end: Int) -> Bool {
        guard let busy = clientCodes[client] else { return true }
        return !problem.grid.touched(start, end).contains { busy.contains($0) }
    }

    /// Rules 5 and 8 for a main task: caps, days and rows that must not share a day.
    func mainIsFree(_ row: Int, slot: Int) -> Bool {
        let grid = problem.grid
        let settings = problem.settings
        let start = grid.time(slot)
        let end = start + problem.mainSeconds(row)
        let client = problem.client[row]
        let touched = grid.touched(start, end)
        for at in touched where Int(cutovers[at]) >= settings.maxConcurrentCutovers { return false }
        if !clientCutovers[client].isEmpty {
            for at in touched where Int(clientCutovers[client][at]) >= settings.maxConcurrentCutoversPerClient { return false }
            if days[dayKey(row, start)] ?? 0 >= settings.maxCutoversPerClientPerDay { return false }
        }
        for other in problem.apart[row] {
            guard let place = place[other] else { continue }
            let zone = problem.rows[row].zone
            if zone.date(of: start) == zone.date(of: place.mainStart) { return false }
        }
        for other in problem.apartOf[row] {
            guard let place = place[other] else { continue }
            let zone = problem.rows[other].zone
            if zone.date(of: start) == zone.date(of: place.mainStart) { return false }
        }
        for other in problem.dependents[row] {
            if let place = place[other], place.firstStart < end { return false }
            if let held = heldCode[other], held.firstStart < end { return false }
        }
        return true
    }

    // MARK: Waves

    /// The first time a cut-over of `wave` may start.
    func lower(_ wave: Int) -> Int {
        waveLast.reduce(Int.min) { $1.key < wave ? max($0, $1.value + problem.soak) : $0 }
    }

    /// The time by which a cut-over of `wave` must have ended.
    func upper(_ wave: Int) -> Int {
        waveFirst.reduce(Int.max) { $1.key > wave ? min($0, $1.value - problem.soak) : $0 }
    }
}
