import App
import ArgumentParser
import Fleet
import Foundation
import Migration
import PlanReport
import Planner

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Plan when each number moves: `plan FILE` without a database, the rest on the stored fleet.",
        subcommands: [
            Offline.self, WhatIf.self, Create.self, Show.self, Diff.self, Approve.self, Arm.self, Export.self,
        ], defaultSubcommand: Offline.self)

    struct Offline: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "file", abstract: "Plan a fleet file without a database; `relevo plan FILE` is short for it.")
        @OptionGroup var common: Common
        @OptionGroup var file: FleetInput
        @OptionGroup var input: PlanningInput
        @OptionGroup var start: PlanningStart
        @Option(help: ArgumentHelp("Where the plan is written.", valueName: "file")) var out: String
        @OptionGroup var forms: PlanForms

        func run() async throws {
            guard let settings = input.settings else { throw ValidationError("--settings FILE is required: a PLANNING.json.") }
            let fleet = try file.read()
            let rules = try PlanningSettings(json: Array(try readFile(settings)))
            let operators = try input.operators.map { try Parts.operators(try readFile($0), name: $0) }
            let before = try start.previousPlan()
            let plan = input.plan(
                PlanningInputs(fleet: fleet, operators: operators, settings: rules), previous: before,
                now: try start.moment(rules, isReplan: before != nil))
            try writeFile(Data(plan.json()), to: out)
            try forms.write(PlanReport(plan: plan, rows: fleet.rows))
            for problem in fleet.problems where !common.json { Output.problem(FleetReport.line(problem)) }
            let summary = PlanSummary(plan: plan, stored: nil)
            try common.show(summary, summary.text + "\nwritten to \(out)")
            if !fleet.problems.isEmpty {
                throw Failure(.rejected, common.json ? "" : "\(fleet.problems.count) problems: the rows they are on are not in the plan")
            }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Plan the stored fleet; a plan in force is changed as little as possible.")
        @OptionGroup var common: Common
        @OptionGroup var input: PlanningInput
        @OptionGroup var actor: Actor

        func run() async throws {
            let (settings, operators) = (try input.settings.map(readFile), try input.operators.map(readFile))
            let (input, name) = (input, actor.name)
            let made = try await common.with { parts in
                try await parts.createPlan(settings: settings, operators: operators, seed: input.seed, timeLimit: input.limit, by: name)
            }
            let summary = PlanSummary(plan: made.plan, stored: made.stored)
            let diff = made.stored.previous.map { "\nwhat is otherwise than in plan \($0): relevo plan diff \(made.stored.id)" } ?? ""
            try common.show(summary, summary.text + diff)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A plan, or the newest.")
        @OptionGroup var common: Common
        @Argument(help: "The plan's number; the newest if not given.") var id: Int64?

        func run() async throws {
            let id = id
            let summary = try await common.with { parts in
                let stored = try await parts.migrations.plans.plan(id)
                return PlanSummary(plan: try Plan(json: Array(try await parts.migrations.plans.export(stored.id))), stored: stored)
            }
            try common.show(summary, summary.text)
        }
    }

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Record that a person has looked at a plan and approves it.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "The plan's number; the newest if not given.") var id: Int64?

        func run() async throws {
            let (id, name) = (id, actor.name)
            let plan = try await common.with { parts in
                try await parts.migrations.plans.approve(try await parts.migrations.plans.plan(id).id, by: name)
            }
            try common.show(
                plan, "plan \(plan.id) is \(plan.state) by \(plan.approvedBy ?? "?"); relevo plan arm \(plan.id) sets it in force")
        }
    }

    struct Arm: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set an approved plan in force: its tasks are carried out at their times.")
        @OptionGroup var common: Common
        @OptionGroup var actor: Actor
        @Argument(help: "The plan's number; the newest if not given.") var id: Int64?

        func run() async throws {
            let (id, name) = (id, actor.name)
            let arming = try await common.with { parts in
                try await parts.migrations.plans.arm(try await parts.migrations.plans.plan(id).id, by: name)
            }
            try common.show(
                arming,
                "plan \(arming.plan) is armed: \(arming.started) numbers and \(arming.copies) template copies start under it, \(arming.kept) go on as they are, \(arming.released) are released"
            )
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A plan as JSON, with the states its tasks have reached; or as a page, a table and calendars.")
        @OptionGroup var common: Common
        @Argument(help: "The plan's number; the newest if not given.") var id: Int64?
        @Option(help: ArgumentHelp("Where the JSON is written; stdout if not given and no other form is.", valueName: "file")) var out:
            String?
        @OptionGroup var forms: PlanForms

        func run() async throws {
            let id = id
            let (bytes, rows) = try await common.with { parts in
                let plan = try await parts.migrations.plans.plan(id)
                return (
                    try await parts.migrations.plans.export(plan.id), try await parts.migrations.fleet.rows(revision: plan.fleetRevision)
                )
            }
            if let out { try writeFile(bytes, to: out) } else if forms.isEmpty { Output.bytes(bytes) }
            if !forms.isEmpty { try forms.write(PlanReport(plan: try Plan(json: Array(bytes)), rows: rows)) }
        }
    }
}

/// Forms of a plan for people.
struct PlanForms: ParsableArguments {
    @Option(help: ArgumentHelp("A page of its own, HTML, to look at in a browser.", valueName: "file")) var page: String?
    @Option(help: ArgumentHelp("All numbers with their times, CSV.", valueName: "file")) var table: String?
    @Option(help: ArgumentHelp("A calendar (.ics) for each client and each operator, into this folder.", valueName: "folder"))
    var calendars: String?

    var isEmpty: Bool { page == nil && table == nil && calendars == nil }

    func write(_ report: PlanReport) throws {
        if let page { try writeFile(Data(report.page.utf8), to: page) }
        if let table { try writeFile(Data(report.table.utf8), to: table) }
        guard let calendars else { return }
        do {
            try FileManager.default.createDirectory(atPath: calendars, withIntermediateDirectories: true)
        } catch {
            throw Failure(.failed, "\(calendars) cannot be made: \((error as NSError).localizedDescription)")
        }
        for client in report.clients {
            guard let text = report.calendar(client: client) else { continue }
            try writeFile(Data(text.utf8), to: "\(calendars)/client-\(PlanReport.fileName(client)).ics")
        }
        for name in report.operators {
            guard let text = report.calendar(operator: name) else { continue }
            try writeFile(Data(text.utf8), to: "\(calendars)/operator-\(PlanReport.fileName(name)).ics")
        }
    }
}

/// Writes a whole file or none of it. Throws `Failure` that names it.
func writeFile(_ data: Data, to path: String) throws {
    do {
        try data.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
        throw Failure(.failed, "\(path) cannot be written: \((error as NSError).localizedDescription)")
    }
}

/// From where a plan is made that is not stored.
struct PlanningStart: ParsableArguments {
    @Option(help: ArgumentHelp("The plan that is being carried out.", valueName: "file")) var previous: String?
    @Option(
        help: ArgumentHelp(
            "When it is planned; if not given, now, or horizon_from while that lies ahead and there is no previous plan.",
            valueName: "time"))
    var now: String?

    func previousPlan() throws -> Plan? { try previous.map(readPlan) }

    /// Whole seconds since 1970.
    func moment(_ settings: PlanningSettings, isReplan: Bool) throws -> Int {
        // While the horizon lies ahead, its start: the same files give the same bytes today and tomorrow. A re-plan is of this moment.
        let ahead = isReplan ? .distantPast : Date(timeIntervalSince1970: Double(settings.horizonFrom))
        return Int((try now.map { try readTime($0, "--now") } ?? max(Date(), ahead)).timeIntervalSince1970.rounded(.up))
    }
}

/// Throws `Failure` that names the file.
func readPlan(_ path: String) throws -> Plan {
    do {
        return try Plan(json: Array(try readFile(path)))
    } catch let error as PlanError {
        throw Failure(.rejected, "\(path) is not a plan: \(error)")
    }
}

/// What a plan is made with, beside the fleet.
struct PlanningInput: ParsableArguments {
    @Option(
        help: ArgumentHelp("The settings (PLANNING.json); on the stored fleet those of the newest plan if not given.", valueName: "file"))
    var settings: String?
    @Option(
        help: ArgumentHelp("Who reads codes aloud with clients (OPERATORS.csv); people are not modelled if not given.", valueName: "file"))
    var operators: String?
    @Option(help: "The same input and seed give the same plan.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Cut the search short.", valueName: "seconds")) var timeLimit: Double?

    var limit: Duration? { timeLimit.map { .seconds(max(0, min($0, 86_400))) } }

    /// Plans, and tells on a terminal how far it is.
    func plan(_ inputs: PlanningInputs, previous: Plan?, now: Int) -> Plan {
        var progress = PlanningLine()
        defer { progress.clear() }
        return Planner.plan(
            fleet: inputs.fleet, operators: inputs.operators, settings: inputs.settings, previous: previous, now: now, seed: seed,
            timeLimit: limit
        ) { progress.show($0) }
    }

    func validate() throws {
        if let timeLimit, !(timeLimit > 0) { throw ValidationError("--time-limit: found \(timeLimit); expected seconds, more than 0.") }
    }
}

/// A plan in figures.
struct PlanSummary: Encodable, Sendable {
    struct Wave: Encodable, Sendable {
        var wave: Int
        var rows: Int
        var first_start: String
        var last_end: String
    }

    struct Unplaced: Encodable, Sendable {
        var row_ref: String
        var reasons: [String]
    }

    struct Late: Encodable, Sendable {
        var row_ref: String
        var days: Int
        var reasons: [String]
    }

    var plan: StoredPlan?
    var placed: Int
    var copies: Int
    var codes: Int
    var unplaced: [Unplaced]
    var late: [Late]
    var rejected: Int
    var waves: [Wave]
    var objective: [String: Int]
    var stopped_early: Bool

    init(plan: Plan, stored: StoredPlan?) {
        self.plan = stored
        placed = plan.waves.reduce(0) { $0 + $1.rows.count }
        copies = plan.tasks.count { $0.kind == .templateCopy }
        codes = plan.tasks.count { $0.kind == .otp }
        unplaced = plan.unplaced.map { row in Unplaced(row_ref: row.rowRef, reasons: row.reasons.map { "\($0.code): \($0.message)" }) }
        late = plan.late.map { row in
            Late(row_ref: row.rowRef, days: row.days, reasons: row.reasons.map { "\($0.code): \($0.message)" })
        }
        rejected = Set(plan.rejected.map(\.line)).count
        waves = plan.waves.map {
            Wave(wave: $0.wave, rows: $0.rows.count, first_start: PlanTime.text($0.firstStart), last_end: PlanTime.text($0.lastEnd))
        }
        objective = [
            "unplaced": plan.objective.unplaced, "lateness": plan.objective.lateness, "disruption": plan.objective.disruption,
            "changes": plan.objective.changes, "completion": plan.objective.completion,
        ]
        stopped_early = plan.stoppedEarly
    }

    private static let mostLate = 20

    var text: String {
        var lines: [String] = []
        if let plan { lines.append("plan \(plan.id) (\(plan.state)), made of fleet revision \(plan.fleetRevision) by \(plan.createdBy)") }
        lines.append(
            "\(placed) numbers placed in \(waves.count) waves, \(copies) template copies, \(codes) codes; \(unplaced.count) unplaced, \(late.count) late, \(rejected) rejected rows"
        )
        lines += waves.map { "  wave \($0.wave): \($0.rows) numbers, \($0.first_start) to \($0.last_end)" }
        lines += unplaced.map { "  not placed: \($0.row_ref): \($0.reasons.joined(separator: "; "))" }
        lines += late.prefix(Self.mostLate).map {
            "  \($0.days) \($0.days == 1 ? "day" : "days") late: \($0.row_ref): \($0.reasons.joined(separator: "; "))"
        }
        if late.count > Self.mostLate { lines.append("  and \(late.count - Self.mostLate) more that are late; the plan holds them all") }
        lines.append(
            "cost: "
                + ["unplaced", "lateness", "changes", "disruption", "completion"].map { "\($0) \(objective[$0] ?? 0)" }.joined(
                    separator: ", "))
        if stopped_early { lines.append("the search was cut short by --time-limit") }
        return lines.joined(separator: "\n")
    }
}

/// One line on a terminal's stderr that tells how far a plan is.
private struct PlanningLine {
    private var shown: ContinuousClock.Instant?

    mutating func show(_ progress: PlanProgress) {
        let now = ContinuousClock.now
        if let shown, now - shown < .milliseconds(200) { return }
        shown = now
        switch progress {
        case .built(let count, let all): Output.rewriteProgress("planning: plan \(count) of \(all) built")
        case .improving(let share): Output.rewriteProgress("planning: \(Int(share * 100)) % of the improvement done")
        }
    }

    func clear() { if shown != nil { Output.rewriteProgress("") } }
}
