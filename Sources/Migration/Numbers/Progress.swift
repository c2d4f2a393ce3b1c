import Fleet
public import Foundation
import Postgres
import Templates

/// How far a fleet is.
public struct MigrationProgress: Encodable, Sendable, Equatable {
    public struct Wave: Encodable, Sendable, Equatable {
        public var wave: Int
        /// Numbers by state.
        public var states: [String: Int]
        public var firstStart: Date
        public var lastEnd: Date
        /// Held by a failure in an earlier wave.
        public var frozen: Bool
        public var released: Bool

        private enum CodingKeys: String, CodingKey { case wave, states, firstStart = "first_start", lastEnd = "last_end", frozen, released }
    }

    /// The armed plan; nil when there is none.
    public var plan: Int64?
    public var numbers: Int
    public var states: [String: Int]
    public var needsPerson: Int
    public var waves: [Wave]
    /// Template copies by state.
    public var copies: [String: Int]
    /// Templates over all pairs of the plan.
    public var templatesCopied: Int
    public var templatesVerified: Int
    public var templatesRefused: Int

    private enum CodingKeys: String, CodingKey {
        case plan, numbers, states, needsPerson = "needs_person", waves, copies, templatesCopied = "templates_copied"
        case templatesVerified = "templates_verified", templatesRefused = "templates_refused"
    }
}

/// A task that lies ahead, or is going on.
public struct WindowAhead: Encodable, Sendable, Equatable {
    public var id: String
    public var kind: String
    public var rowRef: String?
    public var client: String?
    public var wave: Int?
    public var start: Date
    public var end: Date
    public var operatorID: String?
    public var state: String

    private enum CodingKeys: String, CodingKey {
        case id, kind, rowRef = "row_ref", client = "client_id", wave, start, end, operatorID = "operator", state
    }
}

extension Migrations {
    public func progress() async throws -> MigrationProgress {
        let plan = try await plans.armed()?.id
        let rows = try await client.query(
            """
            SELECT wave, state, count(*), min(cutover_start), max(cutover_end), count(*) FILTER (WHERE needs_person) FROM migration.number
            GROUP BY wave, state ORDER BY wave, state
            """
        ).decode((Int32, String, Int64, Date, Date, Int64).self)
        let frozen = try await Freezes.list(plan: plan, active: true, on: client).map(\.wave).min()
        let released = Set(
            try await client.query("SELECT wave FROM migration.wave_release WHERE plan_id = \(plan ?? 0)").decode(Int32.self).map {
                Int($0)
            })
        var progress = MigrationProgress(
            plan: plan, numbers: 0, states: [:], needsPerson: 0, waves: [], copies: [:], templatesCopied: 0, templatesVerified: 0,
            templatesRefused: 0)
        for (wave, state, count, first, last, needing) in rows {
            progress.numbers += Int(count)
            progress.needsPerson += Int(needing)
            progress.states[state, default: 0] += Int(count)
            if progress.waves.last?.wave != Int(wave) {
                progress.waves.append(
                    MigrationProgress.Wave(
                        wave: Int(wave), states: [:], firstStart: first, lastEnd: last, frozen: frozen.map { $0 < Int(wave) } ?? false,
                        released: released.contains(Int(wave))))
            }
            let index = progress.waves.count - 1
            progress.waves[index].states[state, default: 0] += Int(count)
            progress.waves[index].firstStart = min(progress.waves[index].firstStart, first)
            progress.waves[index].lastEnd = max(progress.waves[index].lastEnd, last)
        }
        let copies = try await client.query("SELECT source_waba_id, dest_waba_id, state FROM migration.copy WHERE plan_id = \(plan ?? 0)")
            .decode((String, String, String).self)
        let pairs = Set(copies.map { "\($0.0)>\($0.1)" })
        for copy in copies { progress.copies[copy.2, default: 0] += 1 }
        for state in try await TemplateCopies.list(on: client) where pairs.contains("\(state.report.sourceWABA)>\(state.report.destWABA)") {
            progress.templatesCopied += state.report.copied
            progress.templatesVerified += state.report.diff.same.count
            progress.templatesRefused += state.report.refused.count
        }
        return progress
    }

    /// Tasks of the armed plan that have not ended, by their start; numbers with the times they have by now.
    public func windowsAhead(limit: Int = 50) async throws -> [WindowAhead] {
        let limit = max(1, min(limit, 1000))
        let rows = try await client.query(
            """
            SELECT * FROM (
                SELECT 'otp:' || row_ref AS id, 'otp' AS kind, row_ref, client_id, wave, otp_start AS starts_at, otp_end AS ends_at, operator, state
                FROM migration.number WHERE otp_start IS NOT NULL AND verified_at IS NULL AND state NOT IN ('done', 'aborted', 'failed', 'missed')
                UNION ALL
                SELECT 'cutover:' || row_ref, 'cutover', row_ref, client_id, wave, cutover_start, cutover_end, NULL, state
                FROM migration.number
                WHERE registered_at IS NULL AND route <> 'coexistence' AND state NOT IN ('done', 'aborted', 'failed', 'missed')
                UNION ALL
                SELECT 'copy:' || c.source_waba_id || '>' || c.dest_waba_id, 'template_copy', NULL, NULL, NULL, c.starts_at, c.ends_at, NULL, c.state
                FROM migration.copy c JOIN migration.plan p ON p.id = c.plan_id AND p.state = 'armed' WHERE c.state <> 'verified'
            ) AS t ORDER BY starts_at, id LIMIT \(limit)
            """)
        return try rows.map { row in
            let (id, kind, ref, client, wave, start, end, person, state) = try row.decode(
                (String, String, String?, String?, Int32?, Date, Date?, String?, String).self)
            return WindowAhead(
                id: id, kind: kind, rowRef: ref, client: client, wave: wave.map { Int($0) }, start: start, end: end ?? start,
                operatorID: person, state: state)
        }
    }

    /// Failures that hold later waves, or all there were.
    public func freezes(active: Bool = true) async throws -> [WaveFreeze] { try await Freezes.list(plan: nil, active: active, on: client) }

    /// A person lets later waves go on although something failed in `wave`, or in an earlier one, or it is not finished. Returns how many freezes
    /// it ended; numbers that were held look again at once.
    @discardableResult
    public func releaseWaves(upTo wave: Int, by: String, note: String) async throws -> Int {
        let world = world
        return try await client.withTransaction { db in
            guard
                let plan = try await db.query("SELECT id FROM migration.plan WHERE state = 'armed' FOR NO KEY UPDATE").decodeFirst(
                    Int64.self)
            else {
                throw MigrationError(.notFound, "no plan is armed")
            }
            let ended = try await db.query(
                """
                UPDATE migration.freeze SET released_at = jobs.now(), released_by = \(by), note = \(note)
                WHERE plan_id = \(plan) AND wave <= \(Int32(wave)) AND released_at IS NULL
                """
            ).affectedRows
            try await db.query(
                """
                INSERT INTO migration.wave_release (plan_id, wave, released_by, note)
                SELECT DISTINCT \(plan), wave, \(by), \(note) FROM migration.number WHERE plan_id = \(plan) AND wave <= \(Int32(wave))
                ON CONFLICT DO NOTHING
                """)
            let held = try await db.query(
                "SELECT run_id, wait_event FROM migration.number WHERE state = 'held' AND wait_event IS NOT NULL ORDER BY row_ref"
            ).decode((String, String).self)
            for (run, event) in held { try await world.control.emit(run: run, event: event, Wake(.released, by: by), on: db) }
            return ended
        }
    }
}
