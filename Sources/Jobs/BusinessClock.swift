public import Foundation
public import Postgres

/// The clock of windows, codes, waits and webhooks: real time unless a rehearsal or a test sets it.
public enum BusinessClock {
    /// Says that it is `business` now and that time passes at `speed`; 0 stops it.
    public static func set(business: Date, speed: Double, on db: some PostgresExecutor) async throws {
        try await db.query("SELECT jobs.set_clock(\(business), \(speed))")
        JobSignal.raise()
    }

    /// Back to real time.
    public static func clear(on db: some PostgresExecutor) async throws {
        try await db.query("DELETE FROM jobs.clock")
        JobSignal.raise()
    }

    public static func read(on db: some PostgresExecutor) async throws -> (now: Date, speed: Double) {
        let row = try await db.query("SELECT jobs.now(), coalesce((SELECT speed FROM jobs.clock), 1)").decodeFirst((Date, Double).self)
        return row.map { (now: $0.0, speed: $0.1) } ?? (now: Date(), speed: 1)
    }
}
