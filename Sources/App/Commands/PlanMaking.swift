import Fleet
public import Foundation
import Jobs
public import Migration
public import Planner

/// A plan that was made of the stored fleet.
public struct MadePlan: Sendable {
    public var stored: StoredPlan
    public var plan: Plan
}

/// What a plan of the stored fleet is made of.
public struct PlanningState: Sendable {
    public var inputs: PlanningInputs
    /// The plan in force, with the states its tasks have; nil: none is.
    public var previous: Plan?
    /// Whole seconds since 1970, by the database.
    public var now: Int
    var revision: Int64
    var armed: Int64?
}

extension Parts {
    /// What the next plan of the stored fleet is made of; parameters and errors are those of `createPlan`.
    public func planningState(settings: Data?, operators: Data?) async throws -> PlanningState {
        guard let (revision, stored, rejected) = try await migrations.fleet.current() else {
            throw Failure(.failed, "there is no fleet yet: relevo fleet import FILE")
        }
        let newest = try await migrations.plans.list(limit: 1).first
        let armed = try await migrations.plans.armed()
        let rules: PlanningSettings
        if let settings {
            rules = try PlanningSettings(json: Array(settings))
        } else if let newest {
            rules = try Self.plan(try await migrations.plans.document(newest.id)).settings
        } else {
            throw Failure(.wrongUsage, "--settings FILE is required for the first plan: a PLANNING.json with horizon_from and horizon_to")
        }
        let people = try operators.map { try Self.operators($0, name: "the operators file") }
        let previous: Plan? =
            if let armed { try Self.plan(try await migrations.plans.export(armed.id)) } else { nil }
        var fleet = stored
        fleet.problems = rejected
        return PlanningState(
            inputs: PlanningInputs(fleet: fleet, operators: people, settings: rules), previous: previous,
            now: Int(try await JobQueue.now(on: client).timeIntervalSince1970.rounded(.up)), revision: revision.id, armed: armed?.id)
    }

    /// Plans the stored fleet and stores the plan as a draft. A plan that is in force is the one it starts from.
    ///
    /// - Parameters:
    ///   - settings: bytes of a PLANNING.json; nil takes those of the newest plan.
    ///   - operators: bytes of an OPERATORS.csv; nil: people are not modelled.
    /// - Throws: `Failure` for files with problems, `MigrationError`, `SettingsError`.
    public func createPlan(
        settings: Data?, operators: Data?, seed: UInt64, timeLimit: Duration?, by: String
    ) async throws -> MadePlan {
        let state = try await planningState(settings: settings, operators: operators)
        let plan = Planner.plan(
            fleet: state.inputs.fleet, operators: state.inputs.operators, settings: state.inputs.settings, previous: state.previous,
            now: state.now, seed: seed, timeLimit: timeLimit)
        let record = try await migrations.plans.store(document: Data(plan.json()), revision: state.revision, previous: state.armed, by: by)
        return MadePlan(stored: record, plan: plan)
    }

    private static func plan(_ document: Data) throws -> Plan {
        do {
            return try Plan(json: Array(document))
        } catch {
            throw Failure(.failed, "the stored plan cannot be read: \(error)")
        }
    }

    /// Reads an operators file. Throws `Failure` with every problem.
    public static func operators(_ bytes: Data, name: String) throws -> Operators {
        let operators = Operators.read(Array(bytes))
        guard operators.problems.isEmpty else {
            let lines = operators.problems.map { "line \($0.line), \($0.column ?? "row"): \($0.code): \($0.message)" }
            throw Failure(.rejected, "\(name) has \(lines.count) problems:\n\(lines.joined(separator: "\n"))")
        }
        return operators
    }
}
