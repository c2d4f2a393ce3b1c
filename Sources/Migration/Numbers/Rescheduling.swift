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
    static func times(for number: NumberRecord, row: FleetRow, rules: PlanRules, now: Date) -> Times? {
        let hours = RowHours(row: row, freezes: rules.intervals)
        let (codeSeconds, cutoverSeconds) = (Int(rules.otpMinutes * 60), Int(rules.cutoverMinutes * 60))
        if row.route == .coexistence {
            let start = number.otpStart.flatMap { $0 > now ? $0 : nil } ?? hours.next(.code, from: now, seconds: codeSeconds)
            guard let start else { return nil }
            let end = start.addingTimeInterval(Double(codeSeconds))
            return Times(otpStart: start, otpEnd: end, cutoverStart: start, cutoverEnd: end)
        }
        func cutover(from earliest: Date) -> Date? {
            number.cutoverStart >= earliest ? number.cutoverStart : hours.next(.cutover, from: earliest, seconds: cutoverSeconds)
        }
        if row.route != .partner {
            return cutover(from: now).map { Times(cutoverStart: $0, cutoverEnd: $0.addingTimeInterval(Double(cutoverSeconds))) }
        }
        // A proof of ownership that will still hold spares the client a second code.
        if let verified = number.verifiedAt, let start = cutover(from: now),
            start.timeIntervalSince(verified) <= rules.otpMaxLagHours * 3600
        {
            return Times(
                otpStart: number.otpStart, otpEnd: number.otpEnd, cutoverStart: start,
                cutoverEnd: start.addingTimeInterval(Double(cutoverSeconds)))
        }
        let code = number.otpStart.flatMap { $0 > now ? $0 : nil } ?? hours.next(.code, from: now, seconds: codeSeconds)
        guard let code else { return nil }
        let codeEnd = code.addingTimeInterval(Double(codeSeconds))
        guard let start = cutover(from: codeEnd) else { return nil }
        return Times(otpStart: code, otpEnd: codeEnd, cutoverStart: start, cutoverEnd: start.addingTimeInterval(Double(cutoverSeconds)))
    }

    /// Writes the new times. Throws `noWindow` when there are none.
    static func move(_ number: NumberRecord, by: String, on db: PostgresConnection) async throws {
        let document =
            try await db.query("SELECT document FROM migration.plan WHERE id = \(number.planID)").decodeFirst(Data.self) ?? Data()
        let now = try await db.query("SELECT jobs.now()").decodeFirst(Date.self) ?? Date()
        guard let row = StoredRow.row(try StoredRow.fields(number.fields)),
            let times = times(for: number, row: row, rules: PlanRules(document: document), now: now)
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
