import Fleet
import Foundation
import Postgres
import Templates

/// What arming a plan did.
public struct Arming: Encodable, Sendable, Equatable {
    public var plan: Int64
    /// Numbers that begin under this plan.
    public var started: Int
    /// Numbers that are under way already and go on as they are.
    public var kept: Int
    /// Template copies that begin under this plan.
    public var copies: Int
    /// Numbers of the plan before that this one does not place; they are called off until they are planned again.
    public var released: Int
}

extension PlanStore {
    /// Sets an approved plan in force: from here on its tasks are carried out at their times.
    ///
    /// Only the newest plan, made of the newest fleet revision, can be armed. Numbers that are under way under the plan before keep their run;
    /// all others begin anew. Throws `notApproved`, `notNewest` or `wrongState`.
    public func arm(_ id: Int64, by: String) async throws -> Arming {
        try await client.withTransaction { db in
            // One arming at a time; gates take the plan's row, which is locked below.
            try await db.query("LOCK TABLE migration.plan IN SHARE ROW EXCLUSIVE MODE")
            let plan = try await Self.require(id, lock: true, on: db)
            guard plan.state != "draft" else {
                throw MigrationError(.notApproved, "plan \(id) is not approved; a person has to look at it first: relevo plan approve")
            }
            guard plan.state == "approved" else { throw MigrationError(.wrongState, "plan \(id) is \(plan.state) already") }
            try await checkNewest(plan, on: db)
            let bytes = try await db.query("SELECT document FROM migration.plan WHERE id = \(id)").decodeFirst(Data.self) ?? Data()
            let tasks = try PlanDocument(bytes).tasks
            let old = try await db.query("SELECT id FROM migration.plan WHERE state = 'armed'").decodeFirst(Int64.self)
            try await db.query("UPDATE migration.plan SET state = 'superseded' WHERE state = 'armed'")
            try await db.query(
                "UPDATE migration.plan SET state = 'armed', armed_by = \(by), armed_at = clock_timestamp() WHERE id = \(id)")
            try await db.query(
                """
                UPDATE migration.freeze SET released_at = jobs.now(), released_by = \(by), note = \("plan \(id) was armed")
                WHERE released_at IS NULL
                """)
            if let old { try await stopCopies(of: old, on: db) }
            var result = Arming(plan: id, started: 0, kept: 0, copies: 0, released: 0)
            result.copies = try await startCopies(tasks.filter { $0.kind == "template_copy" }, plan: id, on: db)
            try await startNumbers(tasks, plan: id, by: by, result: &result, on: db)
            return result
        }
    }

    private func checkNewest(_ plan: StoredPlan, on db: PostgresConnection) async throws {
        let newest = try await db.query("SELECT max(id) FROM migration.plan").decodeFirst(Int64.self) ?? plan.id
        guard plan.id == newest else {
            throw MigrationError(.notNewest, "plan \(plan.id) is not the newest: approve and arm plan \(newest), or plan again")
        }
        let revision = try await db.query("SELECT max(id) FROM migration.fleet_revision").decodeFirst(Int64.self) ?? 0
        guard plan.fleetRevision == revision else {
            throw MigrationError(
                .notNewest,
                "plan \(plan.id) was made of fleet revision \(plan.fleetRevision), the newest is \(revision): relevo plan create")
        }
    }

    private func stopCopies(of plan: Int64, on db: PostgresConnection) async throws {
        let runs = try await db.query("SELECT run_id FROM migration.copy WHERE plan_id = \(plan) AND state <> 'verified'").decode(
            String.self)
        for run in runs { try await control.cancel(run: run, reason: "a newer plan was armed", on: db) }
    }

    private func startCopies(_ tasks: [PlanDocument.Task], plan: Int64, on db: PostgresConnection) async throws -> Int {
        var count = 0
        for task in tasks {
            guard let source = task.source, let destination = task.destination else { continue }
            let run = "copy:\(plan):\(source)>\(destination)"
            try await db.query(
                """
                INSERT INTO migration.copy (plan_id, source_waba_id, dest_waba_id, run_id, state, starts_at, ends_at, updated_at)
                VALUES (\(plan), \(source), \(destination), \(run), 'scheduled', \(task.start), \(task.end), jobs.now())
                """)
            try await control.start(
                run: run, workflow: MigrationWorkflows.copy, input: RunInput(plan: plan, source: source, destination: destination), on: db)
            count += 1
        }
        return count
    }

    private func startNumbers(
        _ tasks: [PlanDocument.Task], plan: Int64, by: String, result: inout Arming, on db: PostgresConnection
    ) async throws {
        var codes: [String: PlanDocument.Task] = [:]
        var cutovers: [String: PlanDocument.Task] = [:]
        for task in tasks {
            guard let ref = task.rowRef else { continue }
            if task.kind == "otp" { codes[ref] = task } else if task.kind == "cutover" { cutovers[ref] = task }
        }
        let all = Set(codes.keys).union(cutovers.keys)
        let refs = all.sorted()
        let fields = Dictionary(
            uniqueKeysWithValues: try await db.query(
                "SELECT row_ref, fields FROM migration.fleet_row WHERE last_revision IS NULL AND row_ref = ANY(\(refs))"
            ).decode((String, String).self))
        let known = Dictionary(
            uniqueKeysWithValues: try await db.query(
                "SELECT \(unescaped: NumberRecord.columns) FROM migration.number ORDER BY row_ref FOR UPDATE"
            )
            .map { try NumberRecord($0) }.map { ($0.rowRef, $0) })
        try await release(known.values.filter { !all.contains($0.rowRef) }, plan: plan, by: by, result: &result, on: db)
        // A number is on one way only. Those that begin anew let go of theirs first, so that two rows may have swapped them.
        let anew = known.values.filter { all.contains($0.rowRef) && !$0.state.isFixed }.map(\.rowRef)
        try await db.query("UPDATE migration.number SET state = 'aborted' WHERE row_ref = ANY(\(anew))")
        let taken = Dictionary(
            known.values.filter { $0.state != .done && $0.state != .aborted && Self.stays($0, all) }.map { ($0.e164, $0) },
            uniquingKeysWith: { first, _ in first })
        for ref in refs {
            guard let text = fields[ref], let row = StoredRow.row(try StoredRow.fields(text)), let cutover = cutovers[ref] ?? codes[ref]
            else {
                throw MigrationError(.notNewest, "row \(ref) of plan \(plan) is no longer a good row of the fleet: relevo plan create")
            }
            if let other = taken[row.e164], other.rowRef != ref {
                throw MigrationError(
                    .conflict,
                    "row \(ref) has the number \(row.e164), which is on its way as \(other.rowRef) (\(other.state.rawValue)): leave \(other.rowRef) in the fleet until it is done, or call it off"
                )
            }
            if let number = known[ref], number.state.isFixed {
                try await db.query(
                    "UPDATE migration.number SET plan_id = \(plan), wave = \(Int32(cutover.wave ?? number.wave)) WHERE row_ref = \(ref)")
                result.kept += 1
                continue
            }
            if let number = known[ref], number.registerIntentAt != nil || number.registeredAt != nil,
                number.destWABA != row.destWABA || number.e164 != row.e164
            {
                throw MigrationError(
                    .conflict,
                    "\(ref) is registered in \(number.destWABA), or may be, and the fleet now sends it elsewhere: settle it first with relevo migration retry \(ref)"
                )
            }
            if let number = known[ref] { try await control.cancel(run: number.runID, reason: "plan \(plan) was armed", on: db) }
            try await start(row, text: text, code: codes[ref], cutover: cutover, plan: plan, by: by, on: db)
            result.started += 1
        }
    }

    /// Under way, or perhaps registered: arming a plan takes nothing from it.
    private static func stays(_ number: NumberRecord, _ refs: Set<String>) -> Bool {
        number.state.isFixed || (!refs.contains(number.rowRef) && (number.registerIntentAt != nil || number.registeredAt != nil))
    }

    /// Numbers the plan does not place go back to the fleet, but for those that are under way, or perhaps registered.
    private func release(
        _ numbers: [NumberRecord], plan: Int64, by: String, result: inout Arming, on db: PostgresConnection
    ) async throws {
        for number in numbers.sorted(by: { $0.rowRef < $1.rowRef }) {
            if Self.stays(number, []) || number.state == .aborted { continue }
            try await control.cancel(run: number.runID, reason: "plan \(plan) does not place it", on: db)
            try await db.query("DELETE FROM migration.number WHERE row_ref = \(number.rowRef)")
            try await NumberBoard.tell(
                number.rowRef, plan: plan, state: .scheduled, step: "not planned", "plan \(plan) does not place this number", actor: by,
                on: db)
            result.released += 1
        }
    }

    private func start(
        _ row: FleetRow, text: String, code: PlanDocument.Task?, cutover: PlanDocument.Task, plan: Int64, by: String,
        on db: PostgresConnection
    ) async throws {
        let run = "migration:\(plan):\(row.rowRef)"
        try await db.query(
            """
            INSERT INTO migration.number AS n (row_ref, plan_id, run_id, route, client_id, e164, source_waba_id, dest_waba_id, wave, fields, operator,
                otp_start, otp_end, cutover_start, cutover_end, state, step, source_phone_number_id, updated_at)
            VALUES (\(row.rowRef), \(plan), \(run), \(row.route.rawValue), \(row.clientID), \(row.e164), \(row.sourceWABA), \(row.destWABA),
                \(Int32(cutover.wave ?? 0)), \(text), \(code?.operatorID), \(code?.start), \(code?.end), \(cutover.start), \(cutover.end), 'scheduled',
                'armed', \(row.sourcePhoneNumberID), jobs.now())
            ON CONFLICT (row_ref) DO UPDATE SET plan_id = EXCLUDED.plan_id, run_id = EXCLUDED.run_id, route = EXCLUDED.route,
                client_id = EXCLUDED.client_id, e164 = EXCLUDED.e164, source_waba_id = EXCLUDED.source_waba_id,
                dest_waba_id = EXCLUDED.dest_waba_id, wave = EXCLUDED.wave, fields = EXCLUDED.fields, operator = EXCLUDED.operator,
                otp_start = EXCLUDED.otp_start, otp_end = EXCLUDED.otp_end, cutover_start = EXCLUDED.cutover_start,
                cutover_end = EXCLUDED.cutover_end, state = 'scheduled', step = 'armed', reason_code = NULL, reason = NULL, needs_person = false,
                wait_event = NULL, round = 0, code_sealed = NULL,
                code_state = CASE WHEN n.verified_at IS NOT NULL AND n.dest_waba_id = EXCLUDED.dest_waba_id AND n.e164 = EXCLUDED.e164
                    THEN n.code_state ELSE 'none' END,
                -- The id in another destination, and the proof for it, are of no use.
                phone_number_id = CASE WHEN n.dest_waba_id = EXCLUDED.dest_waba_id AND n.e164 = EXCLUDED.e164 THEN n.phone_number_id END,
                verified_at = CASE WHEN n.dest_waba_id = EXCLUDED.dest_waba_id AND n.e164 = EXCLUDED.e164 THEN n.verified_at END,
                updated_at = EXCLUDED.updated_at
            """)
        try await NumberBoard.tell(
            row.rowRef, plan: plan, state: .scheduled, step: "armed", "plan \(plan) was armed: wave \(cutover.wave ?? 0)", actor: by, on: db
        )
        try await control.start(run: run, workflow: MigrationWorkflows.number, input: RunInput(plan: plan, rowRef: row.rowRef), on: db)
    }
}
