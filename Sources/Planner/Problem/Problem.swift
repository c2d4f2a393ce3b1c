import Fleet

/// What a row's tasks look like.
enum Shape {
    /// Only a code (coexistence): the code counts as the cut-over.
    case code
    /// Only a cut-over.
    case cutover
    /// A code, and a cut-over within the lag.
    case split
    /// A cut-over that begins where its code ends.
    case joined
}

/// A fleet made ready for planning: everything that does not change while rows are placed. The *main* task of a row is its cut-over.
final class Problem {
    let settings: PlanningSettings
    let grid: Grid
    let calendars: Calendars
    let now: Int
    let rows: [FleetRow]
    let index: [String: Int]
    /// Numbers of clients, pairs, classes and languages instead of their names.
    let client: [Int]
    let clientRows: [[Int]]
    let pair: [Int?]
    let pairNames: [(source: String, dest: String)]
    let pairRows: [[Int]]
    let rowClass: [Int]
    let classCount: Int
    let shape: [Shape]
    /// Nil: names a row that was rejected.
    let dependsOn: [[Int?]]
    let dependents: [[Int]]
    let apart: [[Int]]
    let apartOf: [[Int]]
    /// Rows whose language is spoken by the same operators share a group.
    let speakerGroup: [Int]
    /// Operators of each group, those of few languages first.
    let groups: [[Int]]
    /// Numbers of time zones, and the local day number of each slot in them.
    let zone: [Int]
    let zoneDates: [[Int32]]
    /// The midnight that ends the deadline; nil: there is none. Until then nothing is late.
    let due: [Int?]
    /// Starts at which each operator is on shift for a code, and with `joined` for a code and its cut-over.
    let codeShifts: [SlotSet]
    let blockShifts: [SlotSet]
    /// Seconds inside peak hours by start; nil: never any.
    let peaks: [[Int32]?]
    /// When the pair's copy is done for certain (held, running or done), by pair.
    var copyHeld: [Int?]
    /// Where a code was in the previous plan, when it may stay there though its two-step lead has not passed (rule 7), by row.
    var keptCode: [Int?]
    private(set) var main: [SlotSet] = []
    private(set) var code: [SlotSet?] = []
    /// What each row can reach when it is alone.
    private(set) var alone: [Alone] = []
    private(set) var canaryAble: [Bool] = []

    let otpSeconds: Int
    let cutSeconds: Int
    let copySeconds: Int
    let soak: Int
    let lag: Int
    let lead: Int

    init(fleet: FleetFile, operators: Operators?, settings: PlanningSettings, now: Int) {
        self.settings = settings
        self.now = now
        calendars = Calendars(settings, operators: operators)
        grid = calendars.grid
        otpSeconds = settings.otpMinutes * 60
        cutSeconds = settings.cutoverMinutes * 60
        copySeconds = settings.copyMinutes * 60
        soak = PlanningSettings.seconds(hours: settings.soakHours)
        lag = PlanningSettings.seconds(hours: settings.otpMaxLagHours)
        lead = PlanningSettings.seconds(hours: settings.copyLeadHours)
        let rows = fleet.rows
        self.rows = rows
        let index = Dictionary(rows.enumerated().map { ($0.element.rowRef, $0.offset) }, uniquingKeysWith: { first, _ in first })
        self.index = index

        var clients = Numbering()
        client = rows.map { clients[$0.clientID] }
        var byClient = [[Int]](repeating: [], count: clients.names.count)
        for (row, client) in client.enumerated() { byClient[client].append(row) }
        clientRows = byClient
        var pairs = Numbering()
        var names: [(String, String)] = []
        pair = rows.map { row in
            guard let source = row.sourceWABA, !source.isEmpty else { return nil }
            let number = pairs["\(source)>\(row.destWABA)"]
            if number == names.count { names.append((source, row.destWABA)) }
            return number
        }
        pairNames = names
        var byPair = [[Int]](repeating: [], count: names.count)
        for (row, pair) in pair.enumerated() { if let pair { byPair[pair].append(row) } }
        pairRows = byPair
        copyHeld = [Int?](repeating: nil, count: names.count)
        var classes = Numbering()
        rowClass = rows.map { classes["\($0.route.rawValue)|\($0.sourceProvider)"] }
        classCount = classes.names.count
        shape = rows.map { row in
            switch row.route {
            case .coexistence: .code
            case .signup, .onPrem: .cutover
            case .partner: settings.otp == .joined ? .joined : .split
            }
        }
        dependsOn = rows.map { $0.dependsOn.map { index[$0] } }
        var dependents = [[Int]](repeating: [], count: rows.count)
        for (row, needed) in dependsOn.enumerated() { for other in needed { if let other { dependents[other].append(row) } } }
        self.dependents = dependents
        apart = rows.enumerated().map { row, value in value.notSameDayAs.compactMap { index[$0] }.filter { $0 != row } }
        var apartOf = [[Int]](repeating: [], count: rows.count)
        for (row, others) in apart.enumerated() { for other in others { apartOf[other].append(row) } }
        self.apartOf = apartOf
        canaryCap = max(
            classCount, Int((settings.canaryShare * Double(rows.count)).rounded(.down)), rows.count { $0.wave == .canary })
        keptCode = [Int?](repeating: nil, count: rows.count)
        let people = operators?.list ?? []
        var languages = Numbering()
        speakerGroup = rows.map { languages[$0.language ?? "*"] }
        groups = languages.names.map { language in
            func breadth(_ person: Int) -> Int { people[person].languages.isEmpty ? 99 : people[person].languages.count }
            return people.indices.filter { people[$0].speaks(language == "*" ? nil : language) }
                .sorted { (breadth($0), $0) < (breadth($1), $1) }
        }
        var zones = Numbering()
        zone = rows.map { zones[$0.zone.name] }
        var dates: [[Int32]] = []
        for row in rows where zones[row.zone.name] == dates.count { dates.append(calendars.dates(row.zone)) }
        zoneDates = dates
        due = rows.map { row in row.deadline.map { row.zone.instant(of: $0, minute: 1440) } }
        let (calendars, code, cut) = (calendars, otpSeconds, cutSeconds)
        codeShifts = people.indices.map { calendars.shift($0, length: code) }
        blockShifts = settings.otp == .joined ? people.indices.map { calendars.shift($0, length: code + cut) } : []
        peaks = rows.map { row in
            guard row.route != .coexistence, row.dailyMessages > 0, let hours = row.peakHours, !hours.minutes.isEmpty else { return nil }
            return calendars.peak(hours, zone: row.zone, length: cut)
        }
    }

    /// Operators who speak the row's language.
    func speakers(_ row: Int) -> [Int] { groups[speakerGroup[row]] }

    /// Works out what depends on the copies that are held: to be called once they are known.
    func prepare() {
        // Rows that share their calendars share the sets: a large fleet would not fit into memory otherwise.
        var known: [CalendarKey: (main: SlotSet, code: SlotSet?)] = [:]
        var (mains, codes): ([SlotSet], [SlotSet?]) = ([], [])
        for row in rows.indices {
            let key = CalendarKey(self, row)
            let sets = known[key] ?? (mainStarts(row), shape[row] == .split ? codeStarts(row) : nil)
            known[key] = sets
            mains.append(sets.main)
            codes.append(sets.code)
        }
        for (row, start) in keptCode.enumerated() {
            guard let start, let slot = grid.slot(of: start) else { continue }
            switch shape[row] {
            case .cutover: break
            case .split: if codeStarts(row, relax: .twoStepLead).contains(slot) { codes[row]?.insert(slot) }
            case .code: if codeStarts(row, relax: .twoStepLead).contains(slot) { mains[row].insert(slot) }
            case .joined:
                let cut = slot + otpSeconds / grid.step
                if mainStarts(row, relax: .twoStepLead).contains(cut) { mains[row].insert(cut) }
            }
        }
        (main, code) = (mains, codes)
        alone = rows.indices.map { row in
            Placeable(problem: self, row: row, main: main[row], code: code[row], copyReady: aloneReady(row), lag: lag).measure()
        }
        var able = [Bool?](repeating: nil, count: rows.count)
        for row in rows.indices { _ = canary(row, &able, depth: 0) }
        canaryAble = able.map { $0 ?? false }
    }

    private func canary(_ row: Int, _ known: inout [Bool?], depth: Int) -> Bool {
        if let answer = known[row] { return answer }
        known[row] = false
        var answer = alone[row].fits && rows[row].canaryOK && depth < 10_000
        if case .wave = rows[row].wave { answer = false }
        for other in dependsOn[row] where answer {
            guard let other, canary(other, &known, depth: depth + 1) else {
                answer = false
                break
            }
        }
        known[row] = answer
        return answer
    }

    /// The most rows of wave 0.
    let canaryCap: Int

    /// Whether a row may be in a wave, whoever else is in it.
    func mayJoin(_ row: Int, _ wave: Int) -> Bool {
        switch rows[row].wave {
        case .canary: wave == 0 && canaryAble[row]
        case .wave(let pinned): pinned == wave
        case nil: wave > 0 || canaryAble[row]
        }
    }

    func mainSeconds(_ row: Int) -> Int { shape[row] == .code ? otpSeconds : cutSeconds }

    /// The first slot at which a row's cut-over may start when its copy has the machine to itself.
    func aloneReady(_ row: Int, relax: Relaxation = []) -> Int {
        guard let pair = pair[row] else { return 0 }
        let begin = relax.contains(.now) ? grid.from : grid.time(max(0, grid.ceil(now)))
        let end = copyHeld[pair] ?? begin + copySeconds
        if copyHeld[pair] == nil && end > grid.to { return grid.count }
        return grid.ceil(end + (relax.contains(.copyLead) ? 0 : lead))
    }

    /// Keeps the starts on dates the row allows.
    private func keepDates(_ set: inout SlotSet, _ row: FleetRow, relax: Relaxation, shift: Int = 0) {
        let first = relax.contains(.earliest) ? nil : row.earliest
        let off = relax.contains(.blackoutDates) ? [] : row.blackoutDates
        guard first != nil || !off.isEmpty else { return }
        let dates = calendars.dates(row.zone)
        var slot = set.first(from: 0)
        while let at = slot {
            let date = LocalDate(dayNumber: Int(dates[max(0, at + shift)]))
            if first.map({ date < $0 }) ?? false || off.contains(where: { $0.contains(date) }) { set.remove(at) }
            slot = set.first(from: at + 1)
        }
    }

    /// Starts of a task that takes a code.
    func codeStarts(_ number: Int, relax: Relaxation = []) -> SlotSet {
        let row = rows[number]
        var set =
            relax.contains(.otpHours)
            ? calendars.all(length: otpSeconds) : calendars.windows(row.codeHours, zone: row.zone, length: otpSeconds)
        if !relax.contains(.freezes) { set.formIntersection(calendars.outsideFreezes(length: otpSeconds)) }
        if let shifts = calendars.anyShift(row.language, length: otpSeconds, relax: relax) { set.formIntersection(shifts) }
        keepDates(&set, row, relax: relax)
        set.remove(0..<max(0, codeBegin(row, relax: relax)))
        return set
    }

    /// The first slot for a code: now, and the lead of the two-step PIN.
    private func codeBegin(_ row: FleetRow, relax: Relaxation) -> Int {
        let begin = relax.contains(.now) ? 0 : grid.ceil(now)
        guard row.twoStepLeadDays > 0, !relax.contains(.twoStepLead) else { return begin }
        return max(begin, grid.ceil(now + row.twoStepLeadDays * 86_400))
    }

    /// Starts of the main task as far as the row's own calendars go.
    func mainStarts(_ number: Int, relax: Relaxation = []) -> SlotSet {
        let row = rows[number]
        let begin = relax.contains(.now) ? 0 : max(0, grid.ceil(now))
        switch shape[number] {
        case .code: return codeStarts(number, relax: relax)
        case .cutover, .split:
            var set =
                relax.contains(.cutoverWindows)
                ? calendars.all(length: cutSeconds) : calendars.windows(row.cutoverWindows, zone: row.zone, length: cutSeconds)
            if !relax.contains(.freezes) { set.formIntersection(calendars.outsideFreezes(length: cutSeconds)) }
            keepDates(&set, row, relax: relax)
            set.remove(0..<begin)
            return set
        case .joined:
            let length = otpSeconds + cutSeconds
            var set =
                relax.contains(.cutoverWindows)
                ? calendars.all(length: length) : calendars.windows(row.cutoverWindows, zone: row.zone, length: length)
            if !relax.contains(.freezes) { set.formIntersection(calendars.outsideFreezes(length: length)) }
            if let shifts = calendars.anyShift(row.language, length: length, relax: relax) { set.formIntersection(shifts) }
            keepDates(&set, row, relax: relax)
            set.remove(0..<max(0, codeBegin(row, relax: relax)))
            var moved = set.shifted(by: otpSeconds / grid.step)
            keepDates(&moved, row, relax: relax)
            return moved
        }
    }

    /// Whole days after the deadline on which a main task that starts at `start` is over.
    func daysLate(_ row: Int, start: Int) -> Int {
        let last = start + mainSeconds(row) - 1
        guard let due = due[row], last >= due, let deadline = rows[row].deadline else { return 0 }
        return max(0, rows[row].zone.date(of: last).dayNumber - deadline.dayNumber)
    }

    /// The local date on which a main task is, as a number of days.
    func dayNumber(_ row: Int, start: Int) -> Int {
        if let slot = grid.slot(of: start) { return Int(zoneDates[zone[row]][slot]) }
        return rows[row].zone.date(of: start).dayNumber
    }
}

/// Everything that makes the starts of a row's tasks.
struct CalendarKey: Hashable {
    private let shape: Shape
    private let zone: Int
    private let windows: String
    private let hours: String
    private let group: Int
    private let earliest: LocalDate?
    private let blackouts: [LocalDateRange]
    private let lead: Int

    init(_ problem: Problem, _ number: Int) {
        let row = problem.rows[number]
        (shape, zone) = (problem.shape[number], problem.zone[number])
        windows = shape == .code ? "" : row.cutoverWindows.text
        hours = shape == .code || shape == .split ? row.codeHours.text : ""
        group = shape == .cutover ? 0 : problem.speakerGroup[number]
        (earliest, blackouts) = (row.earliest, row.blackoutDates)
        lead = shape == .cutover ? 0 : row.twoStepLeadDays
    }
}

/// Numbers for names, in the order in which they come.
struct Numbering {
    private(set) var names: [String] = []
    private var numbers: [String: Int] = [:]

    subscript(name: String) -> Int {
        mutating get {
            if let known = numbers[name] { return known }
            numbers[name] = names.count
            names.append(name)
            return names.count - 1
        }
    }
}
