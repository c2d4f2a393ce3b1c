import Fleet
public import Foundation
package import Postgres
import Templates

/// A stored plan.
public struct StoredPlan: Encodable, Sendable, Equatable {
    public var id: Int64
    public var createdAt: Date
    public var createdBy: String
    public var fleetRevision: Int64
    public var previous: Int64?
    /// `draft`, `approved`, `armed`, `superseded`.
    public var state: String
    public var approvedBy: String?
    public var approvedAt: Date?
    public var armedBy: String?
    public var armedAt: Date?
    /// Tasks by kind.
    public var copies: Int
    public var codes: Int
    public var cutovers: Int

    private enum CodingKeys: String, CodingKey {
        case id, createdAt = "created_at", createdBy = "created_by", fleetRevision = "fleet_revision", previous, state
        case approvedBy = "approved_by", approvedAt = "approved_at", armedBy = "armed_by", armedAt = "armed_at", copies, codes, cutovers
    }
}

/// Plans: draft → approved → armed → superseded.
public struct PlanStore: Sendable {
    let client: PostgresClient
    let control: any RunControl

    package init(client: PostgresClient, control: any RunControl) {
        self.client = client
        self.control = control
    }

    /// Stores a plan (the planner's own bytes) as a draft.
    ///
    /// - Parameters:
    ///   - document: the plan's JSON.
    ///   - revision: the fleet revision it was made of.
    ///   - previous: the plan it was made from, when it is a re-plan.
    public func store(document: Data, revision: Int64, previous: Int64?, by: String) async throws -> StoredPlan {
        let tasks = try PlanDocument(document).tasks
        return try await client.withTransaction { db in
            let id =
                try await db.query(
                    """
                    INSERT INTO migration.plan (created_by, fleet_revision, previous, document)
                    VALUES (\(by), \(revision), \(previous), \(document)) RETURNING id
                    """
                ).decodeFirst(Int64.self) ?? 0
            try await db.query(
                """
                INSERT INTO migration.task (plan_id, id, kind, row_ref, source_waba_id, dest_waba_id, operator, wave, starts_at, ends_at)
                SELECT \(id), t.* FROM unnest(\(tasks.map(\.id)), \(tasks.map(\.kind)), \(tasks.map(\.rowRef)), \(tasks.map(\.source)),
                    \(tasks.map(\.destination)), \(tasks.map(\.operatorID)), \(tasks.map { $0.wave.map { Int32($0) } }), \(tasks.map(\.start)),
                    \(tasks.map(\.end))) AS t
                """)
            return try await Self.require(id, on: db)
        }
    }

    /// Newest first.
    public func list(limit: Int = 50) async throws -> [StoredPlan] {
        try await client.query(
            "SELECT \(unescaped: Self.columns) FROM migration.plan p ORDER BY p.id DESC LIMIT \(limit)"
        ).map(Self.read)
    }

    /// A plan, or the newest. Throws `MigrationError.notFound`.
    public func plan(_ id: Int64? = nil) async throws -> StoredPlan {
        if let id { return try await Self.require(id, on: client) }
        guard let newest = try await list(limit: 1).first else {
            throw MigrationError(.notFound, "there is no plan yet: relevo plan create")
        }
        return newest
    }

    /// The plan that is being carried out; nil when none is armed.
    public func armed() async throws -> StoredPlan? {
        try await client.query("SELECT \(unescaped: Self.columns) FROM migration.plan p WHERE p.state = 'armed'").first.map(Self.read)
    }

    /// The bytes the planner made.
    public func document(_ id: Int64) async throws -> Data {
        guard let bytes = try await client.query("SELECT document FROM migration.plan WHERE id = \(id)").decodeFirst(Data.self) else {
            throw MigrationError(.notFound, "there is no plan \(id)")
        }
        return bytes
    }

    /// The plan with the states its tasks have reached: what `plan export` prints and what a re-plan starts from.
    public func export(_ id: Int64) async throws -> Data {
        let bytes = try await document(id)
        return try PlanDocument.withStates(bytes, try await TaskStates.of(plan: id, on: client))
    }

    /// Records who approved a draft. Throws `wrongState` when it is armed or superseded.
    public func approve(_ id: Int64, by: String) async throws -> StoredPlan {
        try await client.withTransaction { db in
            let plan = try await Self.require(id, lock: true, on: db)
            guard plan.state == "draft" || plan.state == "approved" else {
                throw MigrationError(.wrongState, "plan \(id) is \(plan.state); only a draft can be approved")
            }
            if plan.state == "draft" {
                try await db.query(
                    "UPDATE migration.plan SET state = 'approved', approved_by = \(by), approved_at = clock_timestamp() WHERE id = \(id)")
            }
            return try await Self.require(id, on: db)
        }
    }

    static let columns = """
        p.id, p.created_at, p.created_by, p.fleet_revision, p.previous, p.state, p.approved_by, p.approved_at, p.armed_by, p.armed_at,
        (SELECT count(*) FROM migration.task t WHERE t.plan_id = p.id AND t.kind = 'template_copy'),
        (SELECT count(*) FROM migration.task t WHERE t.plan_id = p.id AND t.kind = 'otp'),
        (SELECT count(*) FROM migration.task t WHERE t.plan_id = p.id AND t.kind = 'cutover')
        """

    static func require(_ id: Int64, lock: Bool = false, on db: some PostgresExecutor) async throws -> StoredPlan {
        if lock { try await db.query("SELECT id FROM migration.plan WHERE id = \(id) FOR UPDATE") }
        guard let row = try await db.query("SELECT \(unescaped: columns) FROM migration.plan p WHERE p.id = \(id)").first else {
            throw MigrationError(.notFound, "there is no plan \(id); relevo plan show lists them")
        }
        return try read(row)
    }

    private static func read(_ row: PostgresRow) throws -> StoredPlan {
        let v = try row.decode(
            (Int64, Date, String, Int64, Int64?, String, String?, Date?, String?, Date?, Int64, Int64, Int64).self)
        return StoredPlan(
            id: v.0, createdAt: v.1, createdBy: v.2, fleetRevision: v.3, previous: v.4, state: v.5, approvedBy: v.6, approvedAt: v.7,
            armedBy: v.8, armedAt: v.9, copies: Int(v.10), codes: Int(v.11), cutovers: Int(v.12))
    }
}

/// The states of a plan's tasks, told from where its numbers and copies are.
enum TaskStates {
    static func of(plan: Int64, on db: some PostgresExecutor) async throws -> [String: String] {
        var states: [String: String] = [:]
        let numbers = try await db.query(
            "SELECT row_ref, state, verified_at IS NOT NULL, registered_at IS NOT NULL, route FROM migration.number WHERE plan_id = \(plan)"
        ).decode((String, String, Bool, Bool, String).self)
        for (ref, text, verified, registered, route) in numbers {
            let state = NumberState(rawValue: text) ?? .failed
            let code = verified ? "done" : task(state, running: [.adding, .awaitingCode])
            let cutover =
                registered
                ? (state == .done ? "done" : state == .failed ? "done" : "running")
                : task(state, running: [.held, .cuttingOver, .awaitingPerson])
            states["otp:\(ref)"] = route == Route.coexistence.rawValue ? cutover : code
            states["cutover:\(ref)"] = cutover
        }
        let copies = try await db.query("SELECT source_waba_id, dest_waba_id, state FROM migration.copy WHERE plan_id = \(plan)")
            .decode((String, String, String).self)
        for (source, destination, state) in copies {
            states["copy:\(source)>\(destination)"] = ["verified": "done", "running": "running", "failed": "failed"][state] ?? "planned"
        }
        return states
    }

    private static func task(_ state: NumberState, running: Set<NumberState>) -> String {
        if running.contains(state) { return "running" }
        return switch state {
        case .failed, .aborted: "failed"
        case .missed: "missed"
        default: "planned"
        }
    }
}
