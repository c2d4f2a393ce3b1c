import CloudAPI
import Foundation
import Postgres

/// Errors that no rule knows, kept for a person by their code.
enum UnknownCodes {
    struct Sighting {
        var code: Int?
        var message: UUID
        var sender: String
        var detail: String
        var key: String { code.map { "\($0)" } ?? "none" }
    }

    /// Codes that are kept; what comes beyond them is in the messages' own history only.
    private static let most = 1000

    /// Written in one order for everybody, so that two transactions do not wait for each other in a circle.
    static func note(_ sightings: [Sighting], on db: PostgresConnection) async throws {
        let byCode = Dictionary(grouping: sightings, by: \.key).sorted { $0.key < $1.key }
        let last = byCode.compactMap(\.value.last)
        guard !last.isEmpty else { return }
        try await db.query(
            """
            INSERT INTO gateway.unknown_code AS u (code, count, message_id, sender, detail)
            SELECT n.code, n.count, n.message, n.sender, n.detail
            FROM unnest(\(byCode.map(\.key)), \(byCode.map { Int64($0.value.count) }), \(last.map(\.message)), \(last.map(\.sender)),
                \(last.map { $0.detail.storable(500) })) AS n (code, count, message, sender, detail)
            WHERE EXISTS (SELECT FROM gateway.unknown_code k WHERE k.code = n.code)
                OR (SELECT count(*) FROM gateway.unknown_code) < \(Self.most)
            ORDER BY n.code
            ON CONFLICT (code) DO UPDATE SET count = u.count + EXCLUDED.count, last_at = EXCLUDED.last_at, message_id = EXCLUDED.message_id,
                sender = EXCLUDED.sender, detail = EXCLUDED.detail
            """)
    }
}
