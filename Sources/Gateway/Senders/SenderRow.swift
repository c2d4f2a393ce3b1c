import Foundation
import PhoneNumbers
import Postgres

/// A stored sender with what only the gateway needs.
struct SenderRow: Sendable {
    var sender: Sender
    var laneID: Int64

    /// Region of the number itself, for reading numbers that come with neither plus nor region. Test numbers are in no number plan, and have
    /// the main region of their country code.
    var country: String? { PhoneNumber(e164: sender.e164)?.planRegion }

    init(_ row: PostgresRow) throws {
        sender = Sender(
            phoneNumberID: try row.decode(column: "phone_number_id"), e164: try row.decode(column: "e164"),
            wabaID: try row.decode(column: "waba_id"), clientID: try row.decode(column: "client_id"),
            defaultRegion: try row.decode(column: "default_region"), perSecond: try row.decode(column: "per_second"),
            identityMode: IdentityMode(rawValue: try row.decode(column: "identity_mode")) ?? .off,
            state: SenderState(rawValue: try row.decode(column: "state")) ?? .stopped,
            stoppedReason: try row.decode(column: "stopped_reason"),
            stoppedBy: try row.decode(column: "stopped_by"), stoppedAt: try row.decode(column: "stopped_at"),
            movedTo: try row.decode(column: "moved_to"), createdAt: try row.decode(column: "created_at"),
            updatedAt: try row.decode(column: "updated_at"))
        laneID = try row.decode(column: "lane_id")
    }

    /// Senders by the ids asked for; an id that a number has left gives the sender it has moved to (at most four moves).
    static func resolve(_ ids: [String], on db: some PostgresExecutor) async throws -> [String: SenderRow] {
        try resolved(try await db.query(resolution(ids)))
    }

    /// The same, and business time, in one round trip.
    static func resolveNow(_ ids: [String], on db: PostgresConnection) async throws -> ([String: SenderRow], now: Date) {
        let rows = try await db.pipeline([resolution(ids), "SELECT jobs.now()"])
        return (try resolved(rows[0]), try rows[1].decodeFirst(Date.self) ?? Date())
    }

    private static func resolution(_ ids: [String]) -> PostgresQuery {
        """
        WITH RECURSIVE way (asked, id, moves) AS (
            SELECT a, a, 0 FROM unnest(\(Set(ids.filter(\.isStorable)).sorted())) AS a
            UNION ALL
            SELECT w.asked, s.moved_to, w.moves + 1 FROM way w JOIN gateway.sender s ON s.phone_number_id = w.id
            WHERE s.moved_to IS NOT NULL AND w.moves < 4
        )
        SELECT DISTINCT ON (w.asked) w.asked, s.* FROM way w JOIN gateway.sender s ON s.phone_number_id = w.id
        ORDER BY w.asked, w.moves DESC
        """
    }

    private static func resolved(_ rows: PostgresRows) throws -> [String: SenderRow] {
        Dictionary(
            try rows.map { (try $0.decode(column: "asked", as: String.self), try SenderRow($0)) }, uniquingKeysWith: { first, _ in first })
    }
}

/// Checks what people and programs give for a sender.
enum SenderInput {
    static func checked(_ new: NewSenderRecord) throws -> NewSenderRecord {
        var new = new
        for (name, value) in [("phone number id", new.phoneNumberID), ("WABA id", new.wabaID)] {
            guard (1...64).contains(value.utf8.count), value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw SenderError(.badValue, "\(value.prefix(70).debugDescription) is not a \(name); expected digits")
            }
        }
        guard new.e164.first == "+", let number = PhoneNumber(e164: new.e164) else {
            throw SenderError(.badValue, "\(new.e164.prefix(40).debugDescription) is not a number in E.164, such as +16315551234")
        }
        new.e164 = number.e164
        if let region = new.defaultRegion {
            guard region.utf8.count == 2, region.utf8.allSatisfy({ (0x41...0x5A).contains($0 & 0xDF) }) else {
                throw SenderError(
                    .badValue, "\(region.prefix(10).debugDescription) is not a region; expected ISO 3166-1 alpha-2, such as BR")
            }
            new.defaultRegion = region.uppercased()
        }
        guard new.perSecond >= 1, new.perSecond <= 10_000 else {
            throw SenderError(.badValue, "a throughput of \(new.perSecond) a second; expected 1 to 10,000")
        }
        guard new.clientID.utf8.count <= 256, !new.clientID.utf8.contains(0) else {
            throw SenderError(.badValue, "a client id has at most 256 bytes and no U+0000")
        }
        return new
    }
}

extension String {
    /// Whether PostgreSQL takes it as a key of ours: 1 to 256 bytes without U+0000.
    var isStorable: Bool { (1...256).contains(utf8.count) && !utf8.contains(0) }

    /// Text from outside, cut and without U+0000. Cut by scalars: one character may have any number of them.
    func storable(_ limit: Int) -> String {
        String(String.UnicodeScalarView(unicodeScalars.prefix(limit).map { $0 == "\u{0}" ? "\u{FFFD}" : $0 }))
    }
}

extension SenderRow {
    /// Senders by exactly these ids.
    static func byID(_ ids: [String], on db: some PostgresExecutor) async throws -> [String: SenderRow] {
        let usable = Set(ids).sorted()
        guard !usable.isEmpty else { return [:] }
        let rows = try await db.query("SELECT * FROM gateway.sender WHERE phone_number_id = ANY (\(usable))").map(SenderRow.init)
        return Dictionary(rows.map { ($0.sender.phoneNumberID, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
