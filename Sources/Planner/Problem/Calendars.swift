import Fleet

/// A rule that an explanation may drop.
struct Relaxation: OptionSet, Hashable {
    let rawValue: Int

    static let otpHours = Relaxation(rawValue: 1)
    static let cutoverWindows = Relaxation(rawValue: 2)
    static let blackoutDates = Relaxation(rawValue: 4)
    static let earliest = Relaxation(rawValue: 8)
    static let freezes = Relaxation(rawValue: 16)
    static let operatorShifts = Relaxation(rawValue: 32)
    static let operatorLanguages = Relaxation(rawValue: 64)
    static let offDates = Relaxation(rawValue: 128)
    static let twoStepLead = Relaxation(rawValue: 256)
    static let copyLead = Relaxation(rawValue: 512)
    static let otpLag = Relaxation(rawValue: 1024)
    static let now = Relaxation(rawValue: 2048)

    /// Each one under its name in CONTRACTS.
    static let named: [(Relaxation, String)] = [
        (.otpHours, "otp_hours"), (.cutoverWindows, "cutover_windows"), (.blackoutDates, "blackout_dates"), (.earliest, "earliest"),
        (.freezes, "freezes"), (.operatorShifts, "operator_shifts"), (.operatorLanguages, "operator_languages"), (.offDates, "off_dates"),
        (.twoStepLead, "two_step_lead_days"), (.copyLead, "copy_lead_hours"), (.otpLag, "otp_max_lag_hours"), (.now, "now"),
    ]
}

/// Start slots under calendars, each kind worked out once: rows of a fleet share zones, windows and languages.
final class Calendars {
    let settings: PlanningSettings
    let grid: Grid
    let operators: [Operator]?
    private var windowSets: [String: SlotSet] = [:]
    private var freezeSets: [Int: SlotSet] = [:]
    private var shiftSets: [[Int]: SlotSet] = [:]
    private var unionSets: [String: SlotSet] = [:]
    private var dateTables: [String: [Int32]] = [:]
    private var peakTables: [String: [Int32]] = [:]

    init(_ settings: PlanningSettings, operators: Operators?) {
        self.settings = settings
        self.operators = operators?.list
        grid = Grid(settings)
    }

    private var horizon: Interval { Interval(start: grid.from, end: grid.to) }

    /// Starts whose task of `length` seconds lies inside one of the intervals and the horizon.
    private func starts(in intervals: [Interval], length: Int) -> SlotSet {
        var set = SlotSet(count: grid.count)
        for interval in intervals {
            let first = max(0, grid.ceil(interval.start))
            let last = grid.floor(min(interval.end, grid.to) - length)
            if first <= last { set.insert(first..<last + 1) }
        }
        return set
    }

    func all(length: Int) -> SlotSet { starts(in: [horizon], length: length) }

    func windows(_ windows: WeeklyWindows, zone: ZoneRules, length: Int) -> SlotSet {
        let key = "\(zone.name)|\(length)|\(windows.text)"
        if let known = windowSets[key] { return known }
        let set = starts(in: windows.intervals(in: horizon, zone: zone), length: length)
        windowSets[key] = set
        return set
    }

    /// Starts whose task touches no freeze.
    func outsideFreezes(length: Int) -> SlotSet {
        if let known = freezeSets[length] { return known }
        var set = SlotSet(count: grid.count, full: true)
        for freeze in settings.freezes {
            // start < freeze.end and start + length > freeze.start
            let first = grid.floor(freeze.start - length) + 1
            set.remove(max(0, first)..<max(0, first, grid.ceil(freeze.end)))
        }
        freezeSets[length] = set
        return set
    }

    /// Starts at which one operator is on shift for the whole of `length`.
    func shift(_ person: Int, length: Int, relax: Relaxation = []) -> SlotSet {
        let relax = relax.intersection([.operatorShifts, .offDates])
        let key = [person, length, relax.rawValue]
        if let known = shiftSets[key] { return known }
        let set: SlotSet
        if relax.contains(.operatorShifts) {
            set = all(length: length)
        } else {
            set = starts(in: operators?[person].onShift(in: horizon, withOffDates: !relax.contains(.offDates)) ?? [], length: length)
        }
        shiftSets[key] = set
        return set
    }

    /// Starts at which somebody who speaks the language is on shift.
    func anyShift(_ language: String?, length: Int, relax: Relaxation) -> SlotSet? {
        guard let operators else { return nil }
        let language = relax.contains(.operatorLanguages) ? nil : language
        let relax = relax.intersection([.operatorShifts, .offDates])
        let key = "\(language ?? "*")|\(length)|\(relax.rawValue)"
        if let known = unionSets[key] { return known }
        var set = SlotSet(count: grid.count)
        for (index, person) in operators.enumerated() where person.speaks(language) {
            set.formUnion(shift(index, length: length, relax: relax))
        }
        unionSets[key] = set
        return set
    }

    /// The local day number of each slot.
    func dates(_ zone: ZoneRules) -> [Int32] {
        if let known = dateTables[zone.name] { return known }
        let table = (0..<grid.count).map { Int32(truncatingIfNeeded: zone.date(of: grid.time($0)).dayNumber) }
        dateTables[zone.name] = table
        return table
    }

    /// Seconds of a cut-over inside peak hours, for each start.
    func peak(_ hours: DailyHours, zone: ZoneRules, length: Int) -> [Int32] {
        let key = "\(zone.name)|\(length)|" + hours.minutes.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
        if let known = peakTables[key] { return known }
        let table = (0..<grid.count).map { slot in
            Int32(hours.seconds(in: Interval(start: grid.time(slot), end: grid.time(slot) + length), zone: zone))
        }
        peakTables[key] = table
        return table
    }
}
