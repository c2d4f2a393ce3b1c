import Fleet

extension Timetable {
    /// When everything a row depends on is over; nil when one of them has no place.
    func dependenciesEnd(_ row: Int) -> Int? {
        var end = Int.min
        for other in problem.dependsOn[row] {
            guard let other, let place = place[other] else { return nil }
            end = max(end, place.mainEnd)
        }
        return end
    }

    /// The first slot at which a row's cut-over has its copy.
    mutating func copyReady(_ row: Int) -> Int? {
        guard let pair = problem.pair[row] else { return 0 }
        if let start = copyStart[pair] { return problem.grid.ceil((problem.copyHeld[pair] ?? start + problem.copySeconds) + problem.lead) }
        guard let start = nextCopy() else { return nil }
        return problem.grid.ceil(start + problem.copySeconds + problem.lead)
    }

    /// The code and the operator for a cut-over at `slot`, nil when there is none. `after`: what the row depends on is over.
    mutating func code(_ row: Int, slot: Int, after: Int, earlyCodes: Bool) -> (start: Int?, person: Int?)? {
        let grid = problem.grid
        let start = grid.time(slot)
        switch problem.shape[row] {
        case .cutover: return start >= after ? (nil, nil) : nil
        case .code:
            guard start >= after, let person = take(row, start, start + problem.otpSeconds, clientUntil: start + problem.otpSeconds) else {
                return nil
            }
            return (nil, person.index)
        case .joined:
            let begin = start - problem.otpSeconds
            guard begin >= after, let person = take(row, begin, start + problem.cutSeconds, clientUntil: start) else { return nil }
            return (begin, person.index)
        case .split:
            if let held = heldCode[row], let codeStart = held.codeStart, let end = held.codeEnd {
                return end <= start && start <= end + problem.lag ? (codeStart, held.person) : nil
            }
            guard let starts = problem.code[row] else { return nil }
            let latest = start - problem.otpSeconds
            let (low, high) = (grid.ceil(max(latest - problem.lag, after)), grid.floor(latest))
            let full = fullForGroup(row)
            var next = earlyCodes ? starts.first(from: low, without: full) : starts.last(through: high, without: full)
            while let at = next, at >= low, at <= high {
                work += 1
                let begin = grid.time(at)
                if let person = take(row, begin, begin + problem.otpSeconds, clientUntil: begin + problem.otpSeconds) {
                    return (begin, person.index)
                }
                next = earlyCodes ? starts.first(from: at + 1, without: full) : starts.last(through: at - 1, without: full)
            }
            return nil
        }
    }

    /// An operator for a code; the index is nil when people are not modelled.
    mutating func take(_ row: Int, _ start: Int, _ end: Int, clientUntil: Int) -> (index: Int?, Void)? {
        guard clientIsFree(problem.client[row], start, clientUntil) else { return nil }
        guard problem.calendars.operators != nil else { return (nil, ()) }
        guard let slot = problem.grid.slot(of: start) else { return nil }
        let isBlock = problem.shape[row] == .joined
        let shifts = isBlock ? problem.blockShifts : problem.codeShifts
        for person in problem.speakers(row) where shifts[person].contains(slot) && hasRoom(person, start, end) { return (person, ()) }
        if !isBlock { noteGroupIsFull(row, slot: slot) }
        return nil
    }

    /// The place at one slot, when it is free there.
    mutating func candidate(_ row: Int, slot: Int, after: Int, earlyCodes: Bool) -> Candidate? {
        let start = problem.grid.time(slot)
        guard mainIsFree(row, slot: slot), firsts.allows(problem.client[row], at: start),
            let code = code(row, slot: slot, after: after, earlyCodes: earlyCodes)
        else { return nil }
        return Candidate(
            start: start, end: start + problem.mainSeconds(row), codeStart: code.start, person: code.person,
            daysLate: problem.rows[row].deadline == nil ? 0 : problem.daysLate(row, start: start),
            peak: problem.peaks[row].map { Int($0[slot]) } ?? 0)
    }

    /// The best place from `from` on that ends by `until`: in time first, then outside the peak hours, then early.
    ///
    /// `quietOnly` gives up rather than disturb the peak hours when the row could be placed without it.
    mutating func search(_ row: Int, from: Int, until: Int = .max, earlyCodes: Bool) -> Candidate? {
        guard let after = dependenciesEnd(row), let ready = copyReady(row) else { return nil }
        let grid = problem.grid
        let first = max(ready, from == .min ? 0 : grid.ceil(from), after == .min ? 0 : grid.ceil(after))
        let last = until == .max ? grid.count - 1 : grid.floor(until - problem.mainSeconds(row))
        let peak = problem.peaks[row]
        let full = problem.shape[row] == .code ? fullForCode : fullForCut
        let quiet = problem.alone[row].leastPeak
        let client = problem.client[row]
        var best: Candidate?
        var slot = problem.main[row].first(from: first, without: full)
        while let at = slot, at <= last {
            work += 1
            slot = problem.main[row].first(from: at + 1, without: full)
            let seconds = peak.map { Int($0[at]) } ?? 0
            let late = problem.rows[row].deadline == nil ? 0 : problem.daysLate(row, start: grid.time(at))
            if let best {
                // Later is never less late: only a quieter start on the same count of days is worth the wait.
                if late > best.daysLate { break }
                if seconds >= best.peak { continue }
            }
            if !firsts.allows(client, at: grid.time(at)) {
                slot = problem.main[row].first(from: max(at + 1, grid.ceil(firsts.next(client, from: grid.time(at)))), without: full)
                continue
            }
            guard let found = candidate(row, slot: at, after: after, earlyCodes: earlyCodes) else { continue }
            best = found
            if seconds <= quiet { break }
        }
        return best
    }

    /// Gives each code to one of the operators who could read it at its time. The first seed leaves them as they are: those of few languages
    /// first.
    mutating func shareCodes(seed: UInt64) {
        guard seed != 1, problem.calendars.operators != nil else { return }
        var generator = SplitMix(seed: seed)
        for row in problem.rows.indices {
            guard var place = place[row], let person = place.person, !place.isFixed, !place.isHeld else { continue }
            let start = place.codeStart ?? place.mainStart
            let end = problem.shape[row] == .split ? start + problem.otpSeconds : place.mainEnd
            guard let slot = problem.grid.slot(of: start) else { continue }
            unbook(row)
            let shifts = problem.shape[row] == .joined ? problem.blockShifts : problem.codeShifts
            let free = problem.speakers(row).filter { shifts[$0].contains(slot) && hasRoom($0, start, end) }
            place.person = free.isEmpty ? person : free[generator.next(free.count)]
            book(row, place)
        }
    }

    /// Books a place and, when it is the first of its pair, the copy.
    mutating func place(_ row: Int, at found: Candidate, wave: Int) {
        if let pair = problem.pair[row], copyStart[pair] == nil, let start = nextCopy() {
            bookCopy(pair, start: start, end: start + problem.copySeconds)
        }
        book(
            row,
            Placement(
                codeStart: found.codeStart, codeEnd: found.codeStart.map { $0 + problem.otpSeconds }, mainStart: found.start,
                mainEnd: found.end,
                person: found.person, wave: wave))
    }
}
