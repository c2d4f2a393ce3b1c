import App
import ArgumentParser
import Fleet
import Foundation
import Migration
import PlanReport
import Planner

extension PlanCommand {
    struct WhatIf: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "what-if",
            abstract: "What a plan would be like if something were otherwise: planned twice and compared, nothing is stored.")
        @OptionGroup var common: Common
        @Argument(help: ArgumentHelp("The fleet file (CSV), - is stdin; the stored fleet if not given.", valueName: "file"))
        var file: String?
        @Option(help: "utf-8 or latin1.") var encoding = "utf-8"
        @OptionGroup var input: PlanningInput
        @OptionGroup var start: PlanningStart
        @Option(
            help: ArgumentHelp(
                "One more operator, a line as in OPERATORS.csv: 'op9,America/Sao_Paulo,\"Sat 09:00-13:00\",pt'.", valueName: "line"))
        var addOperator: [String] = []
        @Option(help: ArgumentHelp("An operator less.", valueName: "id")) var removeOperator: [String] = []
        @Option(help: ArgumentHelp("Further hours of an operator: 'op3=Sat 09:00-13:00'.", valueName: "id=windows")) var addShift:
            [String] = []
        @Option(help: ArgumentHelp("A longer horizon.", valueName: "days")) var extendHorizon: Int?
        @Option(help: ArgumentHelp("A planning setting: 'soak_hours=12'.", valueName: "name=value")) var set: [String] = []
        @Option(
            help: ArgumentHelp(
                "A column of a row, or of all rows with *: 'A-1 deadline=2026-12-20'; nothing behind the = empties it.",
                valueName: "row column=value"))
        var row: [String] = []

        @Option(help: ArgumentHelp("Where the plan with the changes is written.", valueName: "file")) var out: String?

        struct Result: Encodable, Sendable {
            var changes: [String]
            var before: PlanSummary
            var after: PlanSummary
            var diff: PlanDiff
        }

        /// Throws `Failure` for what cannot be read as a change.
        private func changes() throws -> [PlanningChange] {
            func pair(_ text: String, _ option: String, _ form: String) throws -> (String, String) {
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard parts.count == 2, !parts[0].isEmpty else {
                    throw Failure(.wrongUsage, "\(option): found \(text.debugDescription); expected \(form)")
                }
                return (parts[0], parts[1])
            }
            var changes = addOperator.map { PlanningChange.addOperator(line: $0) }
            changes += removeOperator.map { .removeOperator(id: $0) }
            changes += try addShift.map { text in
                let (id, windows) = try pair(text, "--add-shift", "an operator and windows, such as op3=Sat 09:00-13:00")
                return .addShift(id: id, windows: windows)
            }
            if let extendHorizon { changes.append(.extendHorizon(days: extendHorizon)) }
            changes += try set.map { text in
                let (name, value) = try pair(text, "--set", "a setting and its value, such as soak_hours=12")
                return .setting(name: name, value: value)
            }
            changes += try row.map { text in
                let form = "a row, a column and its value, such as A-1 deadline=2026-12-20"
                let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { throw Failure(.wrongUsage, "--row: found \(text.debugDescription); expected \(form)") }
                let (name, value) = try pair(parts[1], "--row", form)
                return .column(row: parts[0], name: name, value: value)
            }
            guard !changes.isEmpty else {
                throw Failure(.wrongUsage, "nothing would be otherwise: give --add-operator, --extend-horizon, --set or another change")
            }
            return changes
        }

        func run() async throws {
            let changes = try changes()
            let (inputs, previous, now) = try await source()
            for problem in inputs.fleet.problems where file != nil && !common.json { Output.problem(FleetReport.line(problem)) }
            var other = inputs
            do { for change in changes { try other.apply(change) } } catch { throw Failure(.wrongUsage, "\(error)") }
            let before = input.plan(inputs, previous: previous, now: now)
            let after = input.plan(other, previous: previous, now: now)
            if let out { try writeFile(Data(after.json()), to: out) }
            let result = Result(
                changes: changes.map(\.words), before: PlanSummary(plan: before, stored: nil), after: PlanSummary(plan: after, stored: nil),
                diff: PlanDiff(from: before, to: after, fleet: inputs.fleet.rows))
            func line(_ summary: PlanSummary) -> String {
                let end = summary.waves.last.map { ", the last at \($0.last_end)" } ?? ""
                return
                    "\(summary.placed) numbers placed in \(summary.waves.count) waves\(end); \(summary.unplaced.count) unplaced, \(summary.late.count) late"
            }
            try common.show(
                result,
                """
                as it is: \(line(result.before))
                \(result.changes.joined(separator: ", ")): \(line(result.after))
                \(result.diff.text(most: 8))
                """)
            if file != nil, !inputs.fleet.problems.isEmpty {
                throw Failure(
                    .rejected, common.json ? "" : "\(inputs.fleet.problems.count) problems: the rows they are on are in neither plan")
            }
        }

        private func source() async throws -> (inputs: PlanningInputs, previous: Plan?, now: Int) {
            let (settings, operators) = (try input.settings.map(readFile), try input.operators.map(readFile))
            guard let file else {
                guard start.previous == nil, start.now == nil else {
                    throw Failure(
                        .wrongUsage, "--previous and --now belong to a fleet file; the stored fleet is planned from the plan in force, now")
                }
                let stored = try await common.with { try await $0.planningState(settings: settings, operators: operators) }
                return (stored.inputs, stored.previous, stored.now)
            }
            guard let settings, let path = input.settings else {
                throw Failure(.wrongUsage, "--settings FILE is required: a PLANNING.json.")
            }
            let rules: PlanningSettings
            do { rules = try PlanningSettings(json: Array(settings)) } catch { throw Failure(.wrongUsage, "\(path): \(error)") }
            let fleet = try FleetInput.read(file, encoding: encoding)
            let people = try operators.map { try Parts.operators($0, name: input.operators ?? "the operators file") }
            let previous = try start.previousPlan()
            return (
                PlanningInputs(fleet: fleet, operators: people, settings: rules), previous,
                try start.moment(rules, isReplan: previous != nil)
            )
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "What is otherwise in a plan than in the one before it; or in one of two plans, by number or as files, than in the other.")
        @OptionGroup var common: Common
        @Argument(help: ArgumentHelp("A plan's number, or two of them, or two files; the newest plan if not given.", valueName: "plan"))
        var plans: [String] = []
        @Option(help: ArgumentHelp("The fleet file of plans that are files, for local times.", valueName: "file")) var fleet: String?

        private static let mostArguments = 2

        func run() async throws {
            guard plans.count <= Self.mostArguments else { throw Failure(.wrongUsage, "expected two plans at most, found \(plans.count)") }
            let numbers = plans.compactMap { Int64($0) }
            guard numbers.count == plans.count else {
                guard plans.count == 2, numbers.isEmpty else {
                    throw Failure(.wrongUsage, "expected two files, or the numbers of stored plans; found \(plans.joined(separator: " "))")
                }
                let rows = try fleet.map { try FleetInput.read($0, encoding: "utf-8").rows } ?? []
                return try show(PlanDiff(from: try readPlan(plans[0]), to: try readPlan(plans[1]), fleet: rows))
            }
            guard fleet == nil else { throw Failure(.wrongUsage, "--fleet belongs to plans that are files; stored ones know their fleet") }
            let diff = try await common.with { parts in
                let new = try await parts.migrations.plans.plan(numbers.last)
                guard let before = numbers.count == 2 ? numbers.first : new.previous else {
                    throw Failure(
                        .failed,
                        "plan \(new.id) was made from none before it; name the plan to compare it with: relevo plan diff N \(new.id)")
                }
                let old = try await parts.migrations.plans.plan(before)
                let rows = try await parts.migrations.fleet.rows(revision: old.fleetRevision)
                let newer = try await parts.migrations.fleet.rows(revision: new.fleetRevision)
                return PlanDiff(
                    from: try Plan(json: Array(try await parts.migrations.plans.document(old.id))),
                    to: try Plan(json: Array(try await parts.migrations.plans.document(new.id))), fleet: newer + rows)
            }
            try show(diff)
        }

        private func show(_ diff: PlanDiff) throws { try common.show(diff, diff.text()) }
    }
}
