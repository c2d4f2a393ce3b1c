import Foundation
import Postgres
import Templates

/// A stored rebuild with its state machine.
struct RebuildRow: Sendable {
    var id: Int64
    var phoneNumberID: String
    var waba: String
    var template: TemplateKey
    var category: String
    var components: String?
    var profile: String
    var settings: RebuildSettings
    var ramp: Ramp
    var step: Int
    var quality: String
    var templateStatus: String
    /// Bad events of later steps count together.
    var pooledSince: Int
    var recipients: Int
    var nextStepAt: Date?
    var runID: String?
    var runNumber: Int
    /// The event that wakes its run; nil while the run does not wait.
    var waitEvent: String?
    var createdBy: String
    var createdAt: Date
    var updatedAt: Date
    var endedAt: Date?

    static let columns = """
        id, phone_number_id, waba_id, template_name, template_language, category, components, profile, settings, steps, state, level, reduced,
        clean, stays, step, hold_until, held_since, reason_code, reason, needs_person, generation, quality, template_status, pooled_since,
        recipients, next_step_at, run_id, run_number, wait_event, created_by, created_at, updated_at, ended_at
        """

    init(_ row: PostgresRow) throws {
        id = try row.decode(column: "id")
        phoneNumberID = try row.decode(column: "phone_number_id")
        waba = try row.decode(column: "waba_id")
        template = TemplateKey(name: try row.decode(column: "template_name"), language: try row.decode(column: "template_language"))
        category = try row.decode(column: "category")
        components = try row.decode(column: "components")
        profile = try row.decode(column: "profile")
        settings = try JSONDecoder().decode(RebuildSettings.self, from: Data(try row.decode(column: "settings", as: String.self).utf8))
        ramp = Ramp(steps: try row.decode(column: "steps"))
        let state = try row.decode(column: "state", as: String.self)
        ramp.state = RebuildState(rawValue: state) ?? .stopped
        ramp.level = try row.decode(column: "level")
        ramp.reduced = try row.decode(column: "reduced")
        ramp.clean = try row.decode(column: "clean")
        ramp.stays = try row.decode(column: "stays")
        step = try row.decode(column: "step")
        ramp.holdUntil = try row.decode(column: "hold_until")
        ramp.heldSince = try row.decode(column: "held_since")
        ramp.reasonCode = try row.decode(column: "reason_code")
        ramp.reason = try row.decode(column: "reason")
        ramp.needsPerson = try row.decode(column: "needs_person")
        ramp.generation = try row.decode(column: "generation")
        quality = try row.decode(column: "quality")
        templateStatus = try row.decode(column: "template_status")
        pooledSince = try row.decode(column: "pooled_since")
        recipients = try row.decode(column: "recipients")
        nextStepAt = try row.decode(column: "next_step_at")
        runID = try row.decode(column: "run_id")
        runNumber = try row.decode(column: "run_number")
        waitEvent = try row.decode(column: "wait_event")
        createdBy = try row.decode(column: "created_by")
        createdAt = try row.decode(column: "created_at")
        updatedAt = try row.decode(column: "updated_at")
        endedAt = try row.decode(column: "ended_at")
    }

    /// Nil when there is none.
    static func load(_ id: Int64, on db: some PostgresExecutor) async throws -> RebuildRow? {
        try await db.query("SELECT \(unescaped: columns) FROM quality.rebuild WHERE id = \(id)").first.map { try RebuildRow($0) }
    }

    /// Nil when there is none. Locked until the transaction ends.
    static func lock(_ id: Int64, on db: PostgresConnection) async throws -> RebuildRow? {
        try await db.query("SELECT \(unescaped: columns) FROM quality.rebuild WHERE id = \(id) FOR UPDATE").first.map { try RebuildRow($0) }
    }

    /// Throws `RebuildError.notFound`.
    static func require(_ id: Int64, on db: PostgresConnection) async throws -> RebuildRow {
        guard let row = try await lock(id, on: db) else { throw RebuildError(.notFound, "there is no rebuild \(id)") }
        return row
    }

    /// Writes what changes in the life of a rebuild.
    func save(on db: PostgresConnection) async throws {
        try await db.query(
            """
            UPDATE quality.rebuild SET state = \(ramp.state.rawValue), level = \(Int32(ramp.level)), reduced = \(ramp.reduced),
                clean = \(Int32(ramp.clean)), stays = \(Int32(ramp.stays)), step = \(Int32(step)), hold_until = \(ramp.holdUntil),
                held_since = \(ramp.heldSince), reason_code = \(ramp.reasonCode), reason = \(ramp.reason), needs_person = \(ramp.needsPerson),
                generation = \(Int32(ramp.generation)), quality = \(quality), template_status = \(templateStatus),
                pooled_since = \(Int32(pooledSince)), next_step_at = \(nextStepAt), run_id = \(runID), run_number = \(Int32(runNumber)),
                wait_event = \(waitEvent), updated_at = jobs.now(),
                ended_at = CASE WHEN \(ramp.state == .done || ramp.state == .stopped) THEN coalesce(ended_at, jobs.now()) END
            WHERE id = \(id)
            """)
    }

    /// Takes a verdict: moves the ramp, stores why.
    mutating func take(_ verdict: Verdict, _ signals: Signals, at now: Date, on db: PostgresConnection) async throws {
        ramp.take(verdict, moment: signals.moment, at: now, settings)
        if verdict.decision == .hold || verdict.decision == .stop { pooledSince = step }
        let inputs = String(decoding: try Self.encoder.encode(signals), as: UTF8.self)
        try await db.query(
            """
            INSERT INTO quality.verdict (rebuild_id, step, moment, decision, code, reason, inputs)
            VALUES (\(id), \(Int32(step)), \(signals.moment.rawValue), \(verdict.decision.rawValue), \(verdict.code), \(verdict.reason), \(inputs))
            """)
    }

    /// Reads what Meta says of the template by now. A template that is gone from the inventory is `DELETED`.
    mutating func readTemplate(on db: PostgresConnection) async throws {
        let known = try await TemplateStore.status(waba: waba, name: template.name, language: template.language, on: db)
        templateStatus = known?.status ?? "DELETED"
        quality = known?.quality ?? quality
    }

    func tag(_ step: Int) -> String { Self.tag(id, step) }
    static func tag(_ id: Int64, _ step: Int) -> String { "rebuild:\(id):\(step)" }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
