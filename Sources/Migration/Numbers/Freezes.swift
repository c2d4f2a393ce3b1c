public import Foundation
import Postgres

/// A failure that holds later waves.
public struct WaveFreeze: Encodable, Sendable, Equatable {
    public var plan: Int64
    /// The wave in which it happened; later ones are held.
    public var wave: Int
    public var rowRef: String
    public var code: String
    public var reason: String
    public var frozenAt: Date
    public var releasedAt: Date?
    public var releasedBy: String?
    public var note: String?

    private enum CodingKeys: String, CodingKey {
        case plan, wave, rowRef = "row_ref", code, reason, frozenAt = "frozen_at", releasedAt = "released_at", releasedBy = "released_by",
            note
    }
}

enum Freezes {
    static func freeze(_ number: NumberRecord, code: String, reason: String, on db: PostgresConnection) async throws {
        try await db.query(
            """
            INSERT INTO migration.freeze (plan_id, wave, row_ref, code, reason, frozen_at)
            VALUES (\(number.planID), \(number.wave), \(number.rowRef), \(code), \(reason), jobs.now())
            ON CONFLICT (plan_id, row_ref) WHERE released_at IS NULL DO NOTHING
            """)
    }

    /// Lets go what the failure of one number held, because that number has recovered or was called off.
    static func release(row ref: String, by: String, note: String, on db: PostgresConnection) async throws {
        try await db.query(
            """
            UPDATE migration.freeze SET released_at = jobs.now(), released_by = \(by), note = \(note)
            WHERE row_ref = \(ref) AND released_at IS NULL
            """)
    }

    static func list(plan: Int64?, active: Bool, on db: some PostgresExecutor) async throws -> [WaveFreeze] {
        try await db.query(
            """
            SELECT plan_id, wave, row_ref, code, reason, frozen_at, released_at, released_by, note FROM migration.freeze
            WHERE (\(plan)::bigint IS NULL OR plan_id = \(plan)) AND (NOT \(active) OR released_at IS NULL) ORDER BY id
            """
        ).decode((Int64, Int32, String, String, String, Date, Date?, String?, String?).self).map {
            WaveFreeze(
                plan: $0.0, wave: Int($0.1), rowRef: $0.2, code: $0.3, reason: $0.4, frozenAt: $0.5, releasedAt: $0.6, releasedBy: $0.7,
                note: $0.8)
        }
    }
}
