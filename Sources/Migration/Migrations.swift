import Fleet
import Foundation
import Postgres
import Templates

/// Numbers on their way: what people and pages ask and tell.
public struct Migrations: Sendable {
    package let world: World
    public let fleet: FleetStore
    public let plans: PlanStore

    package init(world: World) {
        self.world = world
        fleet = FleetStore(client: world.client)
        plans = PlanStore(client: world.client, control: world.control)
    }

    var client: PostgresClient { world.client }

    /// Which numbers a list shows; nil shows all.
    public struct Filter: Sendable {
        public var state: NumberState?
        public var wave: Int?
        public var client: String?
        public var needsPerson: Bool?
        /// The last row_ref of the page before.
        public var after: String?
        public var limit = 100
        public init() {}
    }

    /// Numbers in the order of their row_ref.
    public func list(_ filter: Filter = Filter()) async throws -> [NumberRecord] {
        let wave = filter.wave.map { Int32($0) }
        return try await client.query(
            """
            SELECT \(unescaped: NumberRecord.columns) FROM migration.number
            WHERE (\(filter.state?.rawValue)::text IS NULL OR state = \(filter.state?.rawValue)) AND (\(wave)::int IS NULL OR wave = \(wave))
                AND (\(filter.client)::text IS NULL OR client_id = \(filter.client))
                AND (\(filter.needsPerson)::boolean IS NULL OR needs_person = \(filter.needsPerson)) AND row_ref > \(filter.after ?? "")
            ORDER BY row_ref LIMIT \(max(1, min(filter.limit, 1000)))
            """
        ).map { try NumberRecord($0) }
    }

    /// One number with all that is known of it. Throws `MigrationError.notFound`.
    public func show(_ ref: String) async throws -> NumberStory {
        let number = try await NumberRecord.require(ref, on: client)
        return NumberStory(
            number: number, story: try await NumberStory.lines(of: ref, on: client),
            findings: try await NumberStory.findings(of: ref, on: client),
            registerCalls: try await NumberStory.registerCalls(of: ref, on: client),
            freezes: try await Freezes.list(plan: nil, active: true, on: client).filter { $0.rowRef == ref })
    }

    /// Sets a stopped number going again.
    ///
    /// A number that failed or missed its time gets the next times its windows allow; one that is blocked, held or waits for a person is looked at
    /// at once. A template copy that stopped, and that the number needs, is made again with it. Throws `wrongState` for a number that is on its way, done or called off, `noWindow` when nothing is possible within two months.
    @discardableResult
    public func retry(_ ref: String, by: String) async throws -> NumberRecord {
        let world = world
        return try await client.withTransaction { db in
            let number = try await NumberRecord.require(ref, lock: true, on: db)
            switch number.state {
            case .failed, .missed:
                // What became of a register call whose end is not known is found out first, whatever the windows say.
                if number.registeredAt == nil, number.registerIntentAt == nil { try await Rescheduling.move(number, by: by, on: db) }
            case .blocked, .held, .awaitingPerson, .waitingTemplates: break
            default:
                throw MigrationError(
                    .wrongState, "\(ref) is \(number.state.rawValue); only a number that is stopped, blocked or held can be retried")
            }
            try await NumberBoard.tell(
                ref, plan: number.planID, state: number.state, step: number.step, "retried", actor: by, on: db)
            if number.registeredAt == nil, let source = number.sourceWABA {
                _ = try await wakeCopy(plan: number.planID, source: source, destination: number.destWABA, by: by, on: db)
            }
            if let event = number.waitEvent {
                try await world.control.emit(run: number.runID, event: event, Wake(.retry, by: by), on: db)
            } else {
                try await world.control.resume(run: number.runID, on: db)
            }
            return try await NumberRecord.require(ref, on: db)
        }
    }

    /// Calls a number off. Throws `pastNoReturn` once register has been decided on.
    @discardableResult
    public func abort(_ ref: String, by: String, reason: String) async throws -> NumberRecord {
        let world = world
        return try await client.withTransaction { db in
            let number = try await NumberRecord.require(ref, lock: true, on: db)
            if number.state == .aborted { return number }
            guard number.registerIntentAt == nil, number.registeredAt == nil, number.state != .done else {
                throw MigrationError(
                    .pastNoReturn,
                    "\(ref) is \(number.state.rawValue): register was called, and a number that has moved can only be moved back by its old partner"
                )
            }
            try await db.query(
                """
                UPDATE migration.number SET state = 'aborted', step = 'called off', reason_code = 'aborted', reason = \(reason), needs_person = false,
                    wait_event = NULL, code_sealed = NULL, pin_sealed = NULL, code_state = 'none', code_expires_at = NULL, updated_at = jobs.now()
                WHERE row_ref = \(ref)
                """)
            try await NumberBoard.tell(
                ref, plan: number.planID, state: .aborted, step: "called off", code: "aborted", "called off: \(reason)", actor: by, on: db)
            try await db.query("UPDATE migration.otp_link SET used_at = jobs.now() WHERE row_ref = \(ref) AND used_at IS NULL")
            try await Freezes.release(row: ref, by: by, note: "called off", on: db)
            try await world.control.cancel(run: number.runID, reason: "called off by \(by)", on: db)
            return try await NumberRecord.require(ref, on: db)
        }
    }

    /// Tells a number whose client has just finished Embedded Signup to look at once.
    public func connected(_ ref: String, by: String) async throws {
        let world = world
        try await client.withTransaction { db in
            let number = try await NumberRecord.require(ref, lock: true, on: db)
            guard number.state == .awaitingPerson, let event = number.waitEvent else { return }
            try await world.control.emit(run: number.runID, event: event, Wake(.connected, by: by), on: db)
        }
    }

    /// Sets a template copy that stopped going again, under the armed plan. Throws `notFound`.
    public func retryCopy(source: String, destination: String, by: String) async throws {
        try await client.withTransaction { db in
            guard let plan = try await db.query("SELECT id FROM migration.plan WHERE state = 'armed'").decodeFirst(Int64.self) else {
                throw MigrationError(.notFound, "no plan is armed")
            }
            guard try await wakeCopy(plan: plan, source: source, destination: destination, by: by, on: db) else {
                throw MigrationError(.notFound, "plan \(plan) has no template copy \(source) > \(destination)")
            }
        }
    }

    /// False when the plan has no such copy. One that is verified stays as it is.
    private func wakeCopy(plan: Int64, source: String, destination: String, by: String, on db: PostgresConnection) async throws -> Bool {
        let copy = try await db.query(
            """
            SELECT run_id, wait_event, state FROM migration.copy
            WHERE plan_id = \(plan) AND source_waba_id = \(source) AND dest_waba_id = \(destination) FOR UPDATE
            """
        ).decodeFirst((String, String?, String).self)
        guard let (run, event, state) = copy else { return false }
        // A copy whose time has not come is not begun early by the retry of a number.
        guard state == "running" || state == "failed" else { return true }
        if let event {
            try await world.control.emit(run: run, event: event, Wake(.retry, by: by), on: db)
        } else if state == "failed" {
            try await world.control.resume(run: run, on: db)
        }
        return true
    }
}
