import Foundation
import Postgres

/// What is written about a number: its state and the line of its story, in one transaction.
struct NumberChange: Codable, Sendable, Equatable {
    var state: NumberState
    var step: String
    var code: String?
    var reason: String?
    var needsPerson = false
    /// The event the run waits for next.
    var wait: String?
    /// The line of the story; nil writes the reason, and nothing when there is none.
    var note: String?
    var actor: String?
}

enum NumberBoard {
    /// Applies a change for the run that owns the number. False when the number belongs to another run, or was called off.
    static func apply(_ change: NumberChange, ref: String, run: String, on db: PostgresConnection) async throws -> Bool {
        guard let number = try await NumberRecord.find(ref, lock: true, on: db), number.runID == run, number.state != .aborted else {
            return false
        }
        try await db.query(
            """
            UPDATE migration.number SET state = \(change.state.rawValue), step = \(change.step), reason_code = \(change.code),
                reason = \(change.reason), needs_person = \(change.needsPerson), wait_event = \(change.wait), updated_at = jobs.now()
            WHERE row_ref = \(ref)
            """)
        let changed = number.state != change.state || number.reasonCode != change.code || number.reason != change.reason
        if let message = change.note ?? (changed ? change.reason : nil) {
            try await tell(
                ref, plan: number.planID, state: change.state, step: change.step, code: change.code, message, actor: change.actor, on: db)
        }
        return true
    }

    /// Adds a line to a number's story.
    static func tell(
        _ ref: String, plan: Int64, state: NumberState, step: String, code: String? = nil, _ message: String, actor: String? = nil,
        on db: PostgresConnection
    ) async throws {
        try await db.query(
            """
            INSERT INTO migration.story (row_ref, plan_id, at, state, step, code, message, actor)
            VALUES (\(ref), \(plan), jobs.now(), \(state.rawValue), \(step), \(code), \(message.replacing("\u{0}", with: "\u{FFFD}")), \(actor))
            """)
    }
}
