import Fleet
import Foundation
import Postgres
import Templates

enum GateReading {
    /// Reads the facts of a cut-over decision. With `lock`, decisions of one plan are made one after the other.
    static func facts(
        _ number: NumberRecord, fields: [String: String], rules: PlanRules, reserve: Double, lock: Bool, on db: some PostgresExecutor
    ) async throws -> GateFacts {
        let planState =
            try await db.query("SELECT state FROM migration.plan WHERE id = \(number.planID) \(unescaped: lock ? "FOR NO KEY UPDATE" : "")")
            .decodeFirst(String.self) ?? "gone"
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        let row = StoredRow.row(fields)
        let kind: RowHours.Kind = number.route == Route.coexistence.rawValue ? .code : .cutover
        let window = row.flatMap { RowHours(row: $0, freezes: rules.intervals).window(kind, at: now, needed: Int(reserve)) }
        var copy: TemplateCopies.State?
        if let source = number.sourceWABA { copy = try await TemplateCopies.state(source: source, destination: number.destWABA, on: db) }
        // The reason is kept with this number and read by its client: what is wrong with another client's number is none of theirs.
        let frozen = try await db.query(
            """
            SELECT CASE WHEN n.client_id IS NULL OR n.client_id = \(number.clientID) THEN f.row_ref || ': ' || f.reason
                ELSE 'a number of another client has failed in wave ' || f.wave END
            FROM migration.freeze f LEFT JOIN migration.number n ON n.row_ref = f.row_ref
            WHERE f.plan_id = \(number.planID) AND f.wave < \(Int32(number.wave)) AND f.released_at IS NULL ORDER BY f.id LIMIT 1
            """
        ).decodeFirst(String.self)
        let (running, runningOfClient): (Int64, Int64) =
            try await db.query(
                """
                SELECT count(*), count(*) FILTER (WHERE client_id = \(number.clientID)) FROM migration.number
                WHERE row_ref <> \(number.rowRef) AND (state = 'cutting_over'
                    OR (state = 'testing' AND register_intent_at > jobs.now() - make_interval(mins => \(Int32(rules.cutoverMinutes)))))
                """
            ).decodeFirst((Int64, Int64).self) ?? (0, 0)
        let calls =
            try await db.query(
                """
                SELECT count(*) FROM migration.register_call
                WHERE phone_number_id = \(number.phoneNumberID ?? "") AND called_at > jobs.now() - interval '72 hours'
                """
            ).decodeFirst(Int64.self) ?? 0
        let dependsOn = (fields["depends_on"] ?? "").split(separator: " ").map(String.init)
        let waitsFor = try await db.query(
            """
            SELECT d.ref FROM unnest(\(dependsOn)) AS d (ref)
            WHERE NOT EXISTS (SELECT FROM migration.number n WHERE n.row_ref = d.ref AND n.registered_at IS NOT NULL) ORDER BY d.ref
            """
        ).decode(String.self)
        return GateFacts(
            now: now, windowEnd: window.map { Date(timeIntervalSince1970: Double($0.end)) }, planState: planState,
            templatesVerified: number.sourceWABA == nil ? nil : copy?.report.verified ?? false,
            templatesPending: copy?.report.diff.pending.count ?? 0, templatesSummary: copy?.report.summary ?? "not copied yet",
            frozenBy: frozen, earlierWaves: try await waves(before: number.wave, plan: number.planID, on: db),
            soakSeconds: rules.soakHours * 3600, waitsFor: waitsFor, running: Int(running), runningOfClient: Int(runningOfClient),
            cap: rules.maxConcurrentCutovers, capOfClient: rules.maxConcurrentCutoversPerClient, registerCalls: Int(calls))
    }

    private static func waves(before wave: Int, plan: Int64, on db: some PostgresExecutor) async throws -> [GateFacts.EarlierWave] {
        try await db.query(
            """
            SELECT n.wave, count(*) FILTER (WHERE n.state NOT IN ('done', 'aborted', 'missed')), count(*) FILTER (WHERE n.state = 'done'),
                max(n.registered_at) FILTER (WHERE n.state = 'done'),
                EXISTS (SELECT FROM migration.wave_release r WHERE r.plan_id = \(plan) AND r.wave = n.wave)
            FROM migration.number n WHERE n.plan_id = \(plan) AND n.wave < \(Int32(wave)) GROUP BY n.wave ORDER BY n.wave
            """
        ).decode((Int32, Int64, Int64, Date?, Bool).self).map {
            GateFacts.EarlierWave(wave: Int($0.0), unfinished: Int($0.1), done: Int($0.2), lastDoneAt: $0.3, released: $0.4)
        }
    }
}
