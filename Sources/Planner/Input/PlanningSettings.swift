public import Fleet

/// A setting of PLANNING.json that cannot be used.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
    /// The key; empty when the file as a whole is wrong.
    public var name: String
    public var found: String
    public var expected: String

    public var description: String {
        name.isEmpty
            ? "the planning settings are \(found): expected \(expected)" : "planning setting \(name) is \(found): expected \(expected)"
    }
}

/// How a fleet is to be planned: PLANNING.json of CONTRACTS section 4. Times are whole seconds since 1970.
public struct PlanningSettings: Sendable, Equatable {
    /// Whether the code is read at its own time or right before the cut-over.
    public enum CodeMode: String, Sendable { case split, joined }

    public var horizonFrom: Int
    public var horizonTo: Int
    public var slotMinutes = 15
    public var otpMinutes = 15
    public var cutoverMinutes = 30
    public var copyMinutes = 30
    public var copyLeadHours = 24.0
    public var otpMaxLagHours = 72.0
    public var otp = CodeMode.split
    public var maxConcurrentCutovers = 10
    public var maxConcurrentCutoversPerClient = 1
    public var maxCutoversPerClientPerDay = 5
    public var newClientsPer7Days = 10
    public var maxConcurrentCopies = 2
    public var canaryShare = 0.05
    public var soakHours = 24.0
    /// For waves 1, 2, …; the last one repeats.
    public var waveSizes = [5, 10, 25, 50, 100]
    public var freezes: [Interval] = []
    public var replanFreezeHours = 72.0

    /// Most slots a horizon may have: what a plan's tables may cost.
    public static let mostSlots = 250_000

    /// Throws `SettingsError` when the horizon is not one.
    public init(horizonFrom: Int, horizonTo: Int) throws(SettingsError) {
        self.horizonFrom = horizonFrom
        self.horizonTo = horizonTo
        try check()
    }

    /// Reads PLANNING.json; unknown keys are ignored. Throws the first setting that is wrong.
    public init(json bytes: [UInt8]) throws(SettingsError) {
        guard let node = JSONNode(bytes) else { throw SettingsError(name: "", found: "not JSON", expected: "a JSON object") }
        try self.init(node)
    }

    init(_ node: JSONNode) throws(SettingsError) {
        guard case .object(let members) = node else { throw SettingsError(name: "", found: node.shown, expected: "a JSON object") }
        let reader = SettingsReader(members: members)
        horizonFrom = try reader.instant("horizon_from")
        horizonTo = try reader.instant("horizon_to")
        slotMinutes = try reader.whole("slot_minutes", 1...1440, slotMinutes)
        otpMinutes = try reader.whole("otp_minutes", 1...1440, otpMinutes)
        cutoverMinutes = try reader.whole("cutover_minutes", 1...1440, cutoverMinutes)
        copyMinutes = try reader.whole("copy_minutes", 1...10_080, copyMinutes)
        copyLeadHours = try reader.number("copy_lead_hours", 0...8760, copyLeadHours)
        otpMaxLagHours = try reader.number("otp_max_lag_hours", 0...8760, otpMaxLagHours)
        otp = try reader.mode("otp", otp)
        maxConcurrentCutovers = try reader.whole("max_concurrent_cutovers", 1...30_000, maxConcurrentCutovers)
        maxConcurrentCutoversPerClient = try reader.whole("max_concurrent_cutovers_per_client", 1...30_000, maxConcurrentCutoversPerClient)
        maxCutoversPerClientPerDay = try reader.whole("max_cutovers_per_client_per_day", 1...1_000_000, maxCutoversPerClientPerDay)
        newClientsPer7Days = try reader.whole("new_clients_per_7_days", 1...1_000_000, newClientsPer7Days)
        maxConcurrentCopies = try reader.whole("max_concurrent_copies", 1...30_000, maxConcurrentCopies)
        canaryShare = try reader.number("canary_share", 0...1, canaryShare)
        soakHours = try reader.number("soak_hours", 0...8760, soakHours)
        waveSizes = try reader.sizes("wave_sizes", waveSizes)
        freezes = try reader.freezes("freezes")
        replanFreezeHours = try reader.number("replan_freeze_hours", 0...8760, replanFreezeHours)
        try check()
    }

    /// What no single key shows.
    private func check() throws(SettingsError) {
        guard horizonTo > horizonFrom else {
            throw SettingsError(
                name: "horizon_to", found: PlanTime.text(horizonTo), expected: "a time after horizon_from (\(PlanTime.text(horizonFrom)))")
        }
        guard (horizonTo - horizonFrom) / (slotMinutes * 60) < Self.mostSlots else {
            throw SettingsError(
                name: "horizon_to", found: PlanTime.text(horizonTo),
                expected: "a horizon of less than \(Self.mostSlots) slots of \(slotMinutes) minutes")
        }
        if otp == .joined && otpMinutes % slotMinutes != 0 {
            throw SettingsError(
                name: "otp_minutes", found: "\(otpMinutes)", expected: "with otp joined, a multiple of slot_minutes (\(slotMinutes))")
        }
    }

    func waveSize(_ wave: Int) -> Int { waveSizes[min(wave - 1, waveSizes.count - 1)] }

    static func seconds(hours: Double) -> Int { Int((hours * 3600).rounded()) }
}

/// Reads one key at a time; a null counts as left out.
private struct SettingsReader {
    var members: [String: JSONNode]

    private func value(_ name: String) -> JSONNode? {
        guard let node = members[name], node != .null else { return nil }
        return node
    }

    func instant(_ name: String) throws(SettingsError) -> Int {
        guard let node = value(name) else {
            throw SettingsError(name: name, found: "missing", expected: "a UTC time such as 2026-12-01T00:00:00Z")
        }
        guard case .text(let text) = node, let instant = PlanTime.instant(text), ZoneRange.contains(instant) else {
            throw SettingsError(name: name, found: node.shown, expected: "a UTC time such as 2026-12-01T00:00:00Z, from 2020 to 2059")
        }
        return instant
    }

    func number(_ name: String, _ range: ClosedRange<Double>, _ standard: Double) throws(SettingsError) -> Double {
        guard let node = value(name) else { return standard }
        guard case .number(let number) = node, range.contains(number) else {
            throw SettingsError(
                name: name, found: node.shown,
                expected: "a number from \(PlanJSON.number(range.lowerBound)) to \(PlanJSON.number(range.upperBound))")
        }
        return number
    }

    func whole(_ name: String, _ range: ClosedRange<Int>, _ standard: Int) throws(SettingsError) -> Int {
        guard let node = value(name) else { return standard }
        guard case .number(let number) = node, number == number.rounded(), abs(number) < 1e15, range.contains(Int(number)) else {
            throw SettingsError(name: name, found: node.shown, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }

    func mode(_ name: String, _ standard: PlanningSettings.CodeMode) throws(SettingsError) -> PlanningSettings.CodeMode {
        guard let node = value(name) else { return standard }
        guard case .text(let text) = node, let mode = PlanningSettings.CodeMode(rawValue: text) else {
            throw SettingsError(name: name, found: node.shown, expected: "\"split\" or \"joined\"")
        }
        return mode
    }

    func sizes(_ name: String, _ standard: [Int]) throws(SettingsError) -> [Int] {
        guard let node = value(name) else { return standard }
        let error = SettingsError(name: name, found: node.shown, expected: "a list of whole numbers from 1, such as [5,10,25]")
        guard case .list(let list) = node, !list.isEmpty, list.count <= 10_000 else { throw error }
        var sizes: [Int] = []
        for item in list {
            guard case .number(let size) = item, size == size.rounded(), (1...1e9).contains(size) else { throw error }
            sizes.append(Int(size))
        }
        return sizes
    }

    func freezes(_ name: String) throws(SettingsError) -> [Interval] {
        guard let node = value(name) else { return [] }
        guard case .list(let list) = node else {
            throw SettingsError(name: name, found: node.shown, expected: "a list of {\"from\",\"to\"}")
        }
        var freezes: [Interval] = []
        for item in list {
            guard case .object(let members) = item, case .text(let from)? = members["from"], case .text(let to)? = members["to"],
                let start = PlanTime.instant(from), let end = PlanTime.instant(to), start < end
            else {
                throw SettingsError(
                    name: name, found: item.shown, expected: "{\"from\",\"to\"} with two UTC times, the second after the first")
            }
            freezes.append(Interval(start: start, end: end))
        }
        return freezes
    }
}

/// What the calendars know: the clock changes of these years.
enum ZoneRange {
    static func contains(_ instant: Int) -> Bool { (1_577_836_800...2_840_140_800).contains(instant) }
}
