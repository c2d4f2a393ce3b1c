/// What other rows, or the waves, take from a row that could have a time if it were alone.
struct Blockers: OptionSet, Hashable {
    let rawValue: UInt16

    static let cutovers = Blockers(rawValue: 1)
    static let clientCutovers = Blockers(rawValue: 2)
    static let clientDay = Blockers(rawValue: 4)
    static let newClients = Blockers(rawValue: 8)
    static let copies = Blockers(rawValue: 16)
    static let apart = Blockers(rawValue: 32)
    static let dependsOn = Blockers(rawValue: 64)
    static let waves = Blockers(rawValue: 128)
    static let operators = Blockers(rawValue: 256)
    static let clientCodes = Blockers(rawValue: 512)

    /// Each under its name: the setting or the column, where there is one.
    static let named: [(blocker: Blockers, name: String, words: String)] = [
        (.cutovers, "max_concurrent_cutovers", "as many cut-overs as may run at once"),
        (.clientCutovers, "max_concurrent_cutovers_per_client", "another cut-over of its client"),
        (.clientDay, "max_cutovers_per_client_per_day", "the other cut-overs of its client that day"),
        (.newClients, "new_clients_per_7_days", "the new clients of that week"),
        (.copies, "max_concurrent_copies", "template copies that go before its own"),
        (.apart, "not_same_day_as", "a number that must not share its day"),
        (.dependsOn, "depends_on", "a number it waits for, or that waits for it"),
        (.waves, "waves", "the order and the sizes of the waves"),
        (.operators, "operators", "other codes of every operator who could read its code"),
        (.clientCodes, "client_codes", "another code of its client"),
    ]

    var isSingle: Bool { rawValue.nonzeroBitCount == 1 }

    /// What CONTRACTS calls all of it, when it is of one kind: `waves`, `depends_on` or `capacity`.
    var category: String? {
        if self == .waves { return "waves" }
        if self == .dependsOn { return "depends_on" }
        return isDisjoint(with: [.waves, .dependsOn]) && !isEmpty ? "capacity" : nil
    }

    var names: [String] { Self.named.filter { contains($0.blocker) }.map(\.name) }
    var words: [String] { Self.named.filter { contains($0.blocker) }.map(\.words) }
}

/// A time that a row would have but for some blockers.
struct Hindrance: Equatable {
    var blockers: Blockers
    /// The start of the main task.
    var slot: Int
    /// The start of the code, when it is one of its own.
    var code: Int?
}

extension Timetable {
    /// For each way in which a row that has no place is kept from the slots up to `last`, the first slot of that way: none needs a part only of
    /// what another needs. Empty sets of blockers are free slots.
    ///
    /// - Parameter waves: the times between which the row could be in each of the waves it may join.
    mutating func hindrances(_ row: Int, through last: Int, waves: [(lower: Int, upper: Int)]) -> [Hindrance] {
        guard let after = dependenciesEnd(row) else { return [] }
        let grid = problem.grid
        let ready = copyReady(row) ?? grid.count
        let codes = problem.shape[row] == .split ? codeBlockers(row, after: after) : []
        var found: [Hindrance] = []
        var next = problem.main[row].first(from: problem.aloneReady(row))
        while let slot = next, slot <= last {
            work += 1
            next = problem.main[row].first(from: slot + 1)
            let start = grid.time(slot)
            let end = start + problem.mainSeconds(row)
            var base = blockers(row, slot: slot, all: true)
            if slot < ready { base.insert(.copies) }
            if start < after { base.insert(.dependsOn) }
            if !firsts.allows(problem.client[row], at: start) { base.insert(.newClients) }
            if !waves.contains(where: { $0.lower <= start && end <= $0.upper }) { base.insert(.waves) }
            switch problem.shape[row] {
            case .cutover: Self.add(Hindrance(blockers: base, slot: slot), to: &found)
            case .code:
                Self.add(Hindrance(blockers: base.union(personBlockers(row, start, end, clientUntil: end)), slot: slot), to: &found)
            case .joined:
                let begin = start - problem.otpSeconds
                if begin < after { base.insert(.dependsOn) }
                Self.add(Hindrance(blockers: base.union(personBlockers(row, begin, end, clientUntil: start)), slot: slot), to: &found)
            case .split:
                let latest = start - problem.otpSeconds
                for (blockers, starts) in codes {
                    guard let code = starts.last(through: grid.floor(latest)), grid.time(code) >= latest - problem.lag else { continue }
                    Self.add(Hindrance(blockers: base.union(blockers), slot: slot, code: code), to: &found)
                }
            }
            if found.contains(where: { $0.blockers.isEmpty }) { break }
        }
        return found.sorted {
            ($0.blockers.rawValue.nonzeroBitCount, $0.slot, $0.blockers.rawValue)
                < ($1.blockers.rawValue.nonzeroBitCount, $1.slot, $1.blockers.rawValue)
        }
    }

    private static func add(_ new: Hindrance, to found: inout [Hindrance]) {
        if found.contains(where: { $0.blockers.isSubset(of: new.blockers) }) { return }
        found.removeAll { new.blockers.isSubset(of: $0.blockers) }
        found.append(new)
    }

    /// The starts of a row's code by what keeps it from them.
    private mutating func codeBlockers(_ row: Int, after: Int) -> [(blockers: Blockers, starts: SlotSet)] {
        var sets: [Blockers: SlotSet] = [:]
        guard let starts = problem.code[row] else { return [] }
        var next = starts.first(from: 0)
        while let slot = next {
            work += 1
            next = starts.first(from: slot + 1)
            let begin = problem.grid.time(slot)
            let end = begin + problem.otpSeconds
            var blockers = personBlockers(row, begin, end, clientUntil: end)
            if begin < after { blockers.insert(.dependsOn) }
            sets[blockers, default: SlotSet(count: problem.grid.count)].insert(slot)
        }
        return sets.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key, $0.value) }
    }

    /// What keeps a code from a time at which its client could read it and an operator is on shift.
    private func personBlockers(_ row: Int, _ start: Int, _ end: Int, clientUntil: Int) -> Blockers {
        var blockers: Blockers = []
        if !clientIsFree(problem.client[row], start, clientUntil) { blockers.insert(.clientCodes) }
        guard problem.calendars.operators != nil, let slot = problem.grid.slot(of: start) else { return blockers }
        let shifts = problem.shape[row] == .joined ? problem.blockShifts : problem.codeShifts
        let isFree = problem.speakers(row).contains { shifts[$0].contains(slot) && hasRoom($0, start, end) }
        if !isFree { blockers.insert(.operators) }
        return blockers
    }
}
