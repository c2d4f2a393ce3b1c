import Fleet
import Foundation
import Postgres

/// New times for a number that has stopped.
enum Rescheduling {
    struct Times: Equatable {
        var otpStart: Date?
        var otpEnd: Date?
        var cutoverStart: Date
        var cutoverEnd: Date
    }

    /// The next times the row allows from `now` on: planned times that still lie ahead stay. Nil when there are none. Pure.
    /// - Parameter gate: when the earlier waves will have let it through, as far as that is planned: a cut-over before would only be missed
    ///   again.
    static func times(for number: NumberRecord, row: FleetRow, rules: PlanRules, now: Date, gate: Date? = nil) -> Times? {
        let cutoverFrom = max(now, gate ?? now)
        let hours = RowHours(row: row, freezes: rules.intervals)
        let (codeSeconds, cutoverSeconds) = (Int(rules.otpMinutes * 60), Int(rules.cutoverMinutes * 60))
        if row.route == .coexistence {
            let start =
                number.otpStart.flatMap { $0 > cutoverFrom ? $0 : nil } ?? hours.next(.code, from: cutoverFrom, seconds: codeSeconds)
            guard let start else { return nil }
            let end = start.addingTimeInterval(Double(codeSeconds))
            return Times(otpStart: start, otpEnd: end, cutoverStart: start, cutoverEnd: end)
        }
        func cutover(from earliest: Date) -> Date? {
            number.cutoverStart >= earliest ? number.cutoverStart : hours.next(.cutover, from: earliest, seconds: cutoverSeconds)
        }
        if row.route != .partner {
            return cutover(from: cutoverFrom).map { Times(cutoverStart: $0, cutoverEnd: $0.addingTimeInterval(Double(cutoverSeconds))) }
        }
        // A proof of ownership that will still hold spares the client a second code.
        if let verified = number.verifiedAt, let start = cutover(from: cutoverFrom),
            start.timeIntervalSince(verified) <= rules.otpMaxLagHours * 3600
        {
            return Times(
                otpStart: number.otpStart, otpEnd: number.otpEnd, cutoverStart: start,
                cutoverEnd: start.addingTimeInterval(Double(cutoverSeconds)))
        }
        // Not so early that the proof is too old when the gate opens.
        let codeFrom = max(now, cutoverFrom.addingTimeInterval(-rules.otpMaxLagHours * 3600 / 2))
        let code = number.otpStart.flatMap { $0 > codeFrom ? $0 : nil } ?? hours.next(.code, from: codeFrom, seconds: codeSeconds)
        guard let code else { return nil }
        let codeEnd = code.addingTimeInterval(Double(codeSeconds))
        guard let start = cutover(from: max(codeEnd, cutoverFrom)) else { return nil }
        return Times(otpStart: code, otpEnd: codeEnd, cutoverStart: start, cutoverEnd: start.addingTimeInterval(Double(cutoverSeconds)))
    }

    /// When the waves before a number's own will be over, soak included, by what is planned and done; nil when there are none that count.
    private static func gate(of number: NumberRecord, rules: PlanRules, on db: PostgresConnection) async throws -> Date? {
        let last =
            try await db.query(
                """
                SELECT max(CASE WHEN n.state = 'done' THEN n.registered_at ELSE n.cutover_end END) FROM migration.number n
                WHERE n.plan_id = \(number.planID) AND n.wave < \(Int32(number.wave)) AND n.state <> 'aborted'
                    AND (n.state <> 'missed' OR n.cutover_end > jobs.now())
                    AND NOT EXISTS (SELECT FROM migration.wave_release r WHERE r.plan_id = n.plan_id AND r.wave = n.wave)
                """
            ).decodeFirst(Date?.self) ?? nil
        return last?.addingTimeInterval(rules.soakHours * 3600)
    }

    /// Writes the new times. Throws `noWindow` when there are none.
    static func move(_ number: NumberRecord, by: String, on db: PostgresConnection) async throws {
        let document =
            try await db.query("SELECT document FROM migration.plan WHERE id = \(number.planID)").decodeFirst(Data.self) ?? Data()
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        let rules = PlanRules(document: document)
        let gate = try await gate(of: number, rules: rules, on: db)
        guard let row = StoredRow.row(try StoredRow.fields(number.fields)),
            let times = times(for: number, row: row, rules: rules, now: now, gate: gate)
        else {
            throw MigrationError(
                .noWindow, "\(number.rowRef) has no window for its next steps within two months; correct its windows and plan again")
        }
        try await db.query(
            """
            UPDATE migration.number SET otp_start = \(times.otpStart), otp_end = \(times.otpEnd), cutover_start = \(times.cutoverStart),
                cutover_end = \(times.cutoverEnd), updated_at = jobs.now() WHERE row_ref = \(number.rowRef)
            """)
        if times.otpStart != number.otpStart, number.verifiedAt != nil {
            // The proof will be too old at the new cut-over.
            try await db.query("UPDATE migration.number SET verified_at = NULL, code_state = 'none' WHERE row_ref = \(number.rowRef)")
        }
        var text = "moved to the next windows: cut-over at \(times.cutoverStart.formatted(.iso8601))"
        if let code = times.otpStart, row.route == .partner { text += ", code at \(code.formatted(.iso8601))" }
        try await NumberBoard.tell(number.rowRef, plan: number.planID, state: number.state, step: number.step, text, actor: by, on: db)
    }
}
