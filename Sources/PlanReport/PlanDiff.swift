public import Fleet
public import Planner

/// What is otherwise in one plan than in another, row by row and in words. Pure: the same plans give the same words.
public struct PlanDiff: Encodable, Sendable {
    public enum Kind: String, Encodable, Sendable, CaseIterable {
        /// It has a time now, and had none.
        case placed
        /// It had a time, and has none any more.
        case leftOut = "left_out"
        /// Its code or its cut-over starts at another time.
        case moved
        /// Its times stay; its operator or its wave is another.
        case reassigned
        /// Its times stay; it is late by another number of days, since its deadline is another.
        case lateness
        /// It is in the second plan's fleet only.
        case added
        /// It is in the first plan's fleet only.
        case removed
    }

    /// Where a row is. Times are RFC 3339, UTC.
    public struct Place: Encodable, Sendable, Equatable {
        public var otpStart: String?
        public var cutoverStart: String?
        public var `operator`: String?
        public var wave: Int?
        public var daysLate: Int
    }

    public struct Row: Encodable, Sendable {
        public var rowRef: String
        public var clientID: String?
        public var kind: Kind
        public var before: Place?
        public var after: Place?
        /// Why it has no time in the second plan.
        public var reasons: [String]

        private enum CodingKeys: String, CodingKey { case rowRef, clientID = "clientId", kind, before, after, reasons }
        /// In words, local to the row where its zone is known.
        let words: String

        var changesLateness: Bool { (before?.daysLate ?? 0) != (after?.daysLate ?? 0) }
    }

    public struct Level: Encodable, Sendable {
        public var name: String
        public var before: Int
        public var after: Int
        /// Proven: no plan of the second one's input can be below.
        public var bound: Int?
    }

    /// Levels of the objective, in the order in which they count; without `changes`, which each plan counts from another plan before it.
    public var objective: [Level]
    /// In the order of `Kind`; of a kind, those that become late or are in time now come first; then in the order of the second plan.
    public var rows: [Row]
    /// Rows that are as they were.
    public var unchanged: Int
    /// Template copies that are new, gone, or at another time.
    public var copies: Int

    private enum CodingKeys: String, CodingKey { case objective, rows, unchanged, copies }

    /// - Parameter fleet: the rows as far as they are known, for local times and clients.
    public init(from old: Plan, to new: Plan, fleet: [FleetRow]) {
        let known = Dictionary(fleet.map { ($0.rowRef, $0) }, uniquingKeysWith: { first, _ in first })
        let (before, after) = (Side(old), Side(new))
        var rows: [Kind: [Row]] = [:]
        var unchanged = 0
        let gone = before.order.filter { !after.isKnown.contains($0) }
        for ref in after.order + gone {
            guard let kind = Self.kind(ref, before, after) else {
                unchanged += 1
                continue
            }
            rows[kind, default: []].append(
                Row(
                    rowRef: ref, clientID: known[ref]?.clientID, kind: kind, before: before.place(ref), after: after.place(ref),
                    reasons: after.reasons[ref] ?? [], words: Self.words(ref, kind, before, after, known[ref])))
        }
        // Whether a row keeps its deadline is what people look for first.
        self.rows = Kind.allCases.flatMap { kind in
            let list = rows[kind] ?? []
            return list.filter(\.changesLateness) + list.filter { !$0.changesLateness }
        }
        self.unchanged = unchanged
        copies = Set(before.copies).symmetricDifference(after.copies).reduce(into: Set<String>()) { $0.insert($1.id) }.count
        objective = [
            Level(name: "unplaced", before: old.objective.unplaced, after: new.objective.unplaced, bound: new.bound.unplaced),
            Level(name: "lateness", before: old.objective.lateness, after: new.objective.lateness, bound: new.bound.lateness),
            Level(name: "disruption", before: old.objective.disruption, after: new.objective.disruption, bound: new.bound.disruption),
            Level(name: "completion", before: old.objective.completion, after: new.objective.completion, bound: new.bound.completion),
        ]
    }

    private static func kind(_ ref: String, _ before: Side, _ after: Side) -> Kind? {
        guard before.isKnown.contains(ref) else { return .added }
        guard after.isKnown.contains(ref) else { return .removed }
        let (old, new) = (before.place(ref), after.place(ref))
        guard let old else { return new == nil ? nil : .placed }
        guard let new else { return .leftOut }
        if old.otpStart != new.otpStart || old.cutoverStart != new.cutoverStart { return .moved }
        if old.operator != new.operator || old.wave != new.wave { return .reassigned }
        return old.daysLate != new.daysLate ? .lateness : nil
    }

    // MARK: Words

    private static func words(_ ref: String, _ kind: Kind, _ before: Side, _ after: Side, _ row: FleetRow?) -> String {
        func time(_ task: PlanTask) -> String { row.map { PlanReport.wall(task.start, $0.zone) } ?? PlanTime.text(task.start) }
        func change(_ name: String, _ old: PlanTask?, _ new: PlanTask?) -> String? {
            switch (old, new) {
            case (let old?, let new?):
                old.start == new.start ? nil : "\(name) \(time(old)) → \(time(new)) (\(distance(new.start - old.start)))"
            case (nil, let new?): "\(name) \(time(new))"
            case (let old?, nil): "no \(name) any more, was \(time(old))"
            case (nil, nil): nil
            }
        }
        let (old, new) = (before.place(ref), after.place(ref))
        var parts: [String?] = []
        switch kind {
        case .removed: parts = ["no longer in the fleet"]
        case .leftOut, .placed, .moved, .reassigned, .lateness, .added:
            if kind == .added { parts.append("new in the fleet") }
            let codes = (before.codes[ref], kind == .leftOut ? before.codes[ref] : after.codes[ref])
            let cutovers = (before.cutovers[ref], kind == .leftOut ? before.cutovers[ref] : after.cutovers[ref])
            if kind == .leftOut {
                parts.append(
                    "had "
                        + [cutovers.0.map { "cut-over \(time($0))" }, codes.0.map { "code \(time($0))" }].compactMap { $0 }.joined(
                            separator: ", "))
            } else {
                parts += [change("cut-over", cutovers.0, cutovers.1), change("code", codes.0, codes.1)]
            }
        }
        if let new {
            if old?.operator != new.operator {
                parts.append("operator " + (old.map { "\($0.operator ?? "nobody") → " } ?? "") + (new.operator ?? "nobody"))
            }
            if old?.wave != new.wave {
                parts.append("wave " + (old?.wave.map { "\($0) → " } ?? "") + (new.wave.map(String.init) ?? "none"))
            }
            let (was, isNow) = (old?.daysLate ?? 0, new.daysLate)
            if was != isNow {
                parts.append(
                    isNow == 0 ? "in time now" : "\(isNow) \(isNow == 1 ? "day" : "days") late" + (was > 0 ? " instead of \(was)" : ""))
            }
        } else if kind != .removed, let why = after.reasons[ref], !why.isEmpty {
            parts.append("no place: " + why.joined(separator: " "))
        }
        return parts.compactMap { $0 }.joined(separator: "; ") + (row.map { " (\($0.zone.name))" } ?? "")
    }

    /// `3 days later`, `45 minutes earlier`.
    private static func distance(_ seconds: Int) -> String {
        let minutes = abs(seconds) / 60
        let days = minutes / 1440
        let parts = [(days, "day"), (minutes % 1440 / 60, "hour"), (minutes % 60, "minute")].filter { $0.0 > 0 }
        let words = parts.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: " ")
        return "\(words.isEmpty ? "less than a minute" : words) \(seconds < 0 ? "earlier" : "later")"
    }

    /// In words, a line each. `most`: rows of each kind that are told; the others are counted.
    public func text(most: Int = 40) -> String {
        var lines = objective.filter { $0.before != $0.after }.map { level in
            "\(level.name): \(level.before) → \(level.after)" + (level.bound.map { " (no plan is below \($0))" } ?? "")
        }
        if lines.isEmpty { lines.append("as good as before on every level") }
        let titles: [Kind: String] = [
            .placed: "have a place now", .leftOut: "have no place any more", .moved: "move",
            .reassigned: "keep their times, with another operator or wave",
            .lateness: "keep their times, with another deadline", .added: "are new", .removed: "are gone",
        ]
        for kind in Kind.allCases {
            let list = rows.filter { $0.kind == kind }
            guard !list.isEmpty else { continue }
            lines.append("\(list.count) \(titles[kind] ?? kind.rawValue):")
            lines += list.prefix(most).map { "  \($0.rowRef): \($0.words)" }
            if list.count > most { lines.append("  and \(list.count - most) more") }
        }
        if copies > 0 { lines.append("\(copies) template copies are new, gone or at another time") }
        lines.append("\(unchanged) as before")
        return lines.joined(separator: "\n")
    }
}

/// One of the two plans, by row.
private struct Side {
    struct Copy: Hashable {
        var id: String
        var start: Int
    }

    var codes: [String: PlanTask] = [:]
    var cutovers: [String: PlanTask] = [:]
    var copies: [Copy] = []
    var reasons: [String: [String]] = [:]
    var late: [String: Int] = [:]
    /// Each row once: those with a time by their first, then those without.
    var order: [String] = []
    var isKnown: Set<String> = []

    init(_ plan: Plan) {
        for task in plan.tasks {
            guard let ref = task.rowRef else {
                copies.append(Copy(id: task.id, start: task.start))
                continue
            }
            if task.kind == .otp { codes[ref] = task } else { cutovers[ref] = task }
            if isKnown.insert(ref).inserted { order.append(ref) }
        }
        for row in plan.unplaced {
            reasons[row.rowRef] = row.reasons.map(\.message)
            if isKnown.insert(row.rowRef).inserted { order.append(row.rowRef) }
        }
        late = Dictionary(plan.late.map { ($0.rowRef, $0.days) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nil: it has no place.
    func place(_ ref: String) -> PlanDiff.Place? {
        guard let main = cutovers[ref] ?? codes[ref] else { return nil }
        return PlanDiff.Place(
            otpStart: codes[ref].map { PlanTime.text($0.start) }, cutoverStart: cutovers[ref].map { PlanTime.text($0.start) },
            operator: codes[ref]?.operatorID, wave: main.wave, daysLate: late[ref] ?? 0)
    }
}
