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
            portfolioID: try row.decode(column: "portfolio_id"),
            defaultRegion: try row.decode(column: "default_region"), perSecond: try row.decode(column: "per_second"),
            perSecondIsSet: try row.decode(column: "per_second_is_set"), isInShadow: try row.decode(column: "in_shadow"),
            throughputLevel: try row.decode(column: "throughput_level"),
            askedAt: try row.decode(column: "asked_at"), askError: try row.decode(column: "ask_error"),
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
        try await followed(try await db.query(rows(ids)), on: db)
    }

    /// The same, and business time, in one round trip.
    static func resolveNow(_ ids: [String], on db: PostgresConnection) async throws -> ([String: SenderRow], now: Date) {
        let rows = try await db.pipeline([rows(ids), "SELECT jobs.now()"])
        return (try await followed(rows[0], on: db), try rows[1].decodeFirst(Date.self) ?? Date())
    }

    /// Rows of `gateway.sender` by exactly these ids.
    ///
    /// By a list that the planner cannot count: one it can count is cheaper than the ten it else expects, so that it would plan anew each
    /// time.
    static func rows(_ ids: [String]) -> PostgresQuery {
        "SELECT * FROM gateway.sender WHERE phone_number_id = ANY (ARRAY(SELECT unnest(\(Set(ids.filter(\.isStorable)).sorted()))))"
    }

    static func byID(_ rows: PostgresRows) throws -> [String: SenderRow] {
        Dictionary(try rows.map { try SenderRow($0) }.map { ($0.sender.phoneNumberID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Nearly always that is all: looking for moves at once took longer to plan than to run.
    private static func followed(_ rows: PostgresRows, on db: some PostgresExecutor) async throws -> [String: SenderRow] {
        let found = try byID(rows)
        let moved = found.filter { $0.value.sender.movedTo != nil }.keys
        if moved.isEmpty { return found }
        return found.merging(try resolved(try await db.query(resolution(Array(moved))))) { $1 }
    }

    private static func resolution(_ ids: [String]) -> PostgresQuery {
        """
        WITH RECURSIVE way (asked, id, moves) AS (
            SELECT a, a, 0 FROM unnest(\(ids.sorted())) AS a
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
        if let perSecond = new.perSecond, !(1...10_000).contains(perSecond) {
            throw SenderError(.badValue, "a throughput of \(perSecond) a second; expected 1 to 10,000")
        }
        if let portfolio = new.portfolioID,
            !(1...64).contains(portfolio.utf8.count) || !portfolio.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        {
            throw SenderError(.badValue, "\(portfolio.prefix(70).debugDescription) is not a portfolio id; expected digits")
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
        ids.isEmpty ? [:] : try byID(try await db.query(rows(ids)))
    }
}
