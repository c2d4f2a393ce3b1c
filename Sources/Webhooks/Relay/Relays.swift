public import CloudAPI
public import Credentials
public import Foundation
import Jobs
public import Postgres

/// A system of a client's that webhooks go on to.
public struct Relay: Sendable, Codable, Equatable {
    public enum Scope: String, Sendable, Codable {
        case waba
        /// Goes before those of its WABA.
        case number
    }

    public var id: Int64
    public var scope: Scope
    /// A WABA, or a phone number id.
    public var scopeID: String
    public var clientID: String
    public var url: String
    public var isPaused: Bool
    /// POSTs that wait.
    public var waiting: Int
    public var delivered: Int
    /// Not delivered for seven days.
    public var givenUp: Int
    /// Not taken, because too many waited.
    public var dropped: Int
    /// Real times.
    public var deliveredAt: Date?
    public var failedAt: Date?
    public var failure: String?
    public var createdAt: Date
    public var createdBy: String

    enum CodingKeys: String, CodingKey {
        case id, scope, url, waiting, delivered, dropped, failure
        case scopeID = "scope_id"
        case clientID = "client_id"
        case isPaused = "paused"
        case givenUp = "given_up"
        case deliveredAt = "delivered_at"
        case failedAt = "failed_at"
        case createdAt = "created_at"
        case createdBy = "created_by"
    }
}

/// A relay that cannot be added or found.
public struct RelayError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Codable {
        case badValue = "bad_value"
        case notFound = "not_found"
        case exists
    }

    public var code: Code
    public var message: String
    public var description: String { message }
}

/// The systems that webhooks go on to.
public struct Relays: Sendable {
    let client: PostgresClient
    let vault: Vault
    /// POSTs to one system at a time.
    static let parallel = 16
    /// POSTs that may wait for one system; more are not taken.
    static let mostWaiting = 1_000_000

    public init(client: PostgresClient, vault: Vault) {
        self.client = client
        self.vault = vault
    }

    static func laneKey(_ id: Int64) -> String { "relay:\(id)" }

    /// Adds one. Throws `RelayError` `.badValue`, `.exists`.
    /// - Parameter secret: signs its POSTs; what the system checks `X-Hub-Signature-256` with.
    @discardableResult
    public func add(scope: Relay.Scope, id: String, url: String, secret: Secret, clientID: String = "", by: String) async throws -> Relay {
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw RelayError(
                code: .badValue,
                message: "\(id.prefix(70).debugDescription) is no \(scope == .waba ? "WABA" : "phone number") id; expected digits")
        }
        guard (16...512).contains(secret.reveal().utf8.count), !secret.reveal().utf8.contains(0) else {
            throw RelayError(code: .badValue, message: "the secret has to have 16 to 512 bytes")
        }
        guard clientID.utf8.count <= 256, !clientID.utf8.contains(0) else {
            throw RelayError(code: .badValue, message: "a client id has at most 256 bytes and no U+0000")
        }
        let url = try Self.checked(url)
        let relay = try await client.withTransaction { db in
            let added = try await db.query(
                """
                INSERT INTO webhooks.relay (scope, scope_id, client_id, url, secret, lane_id, created_by)
                VALUES (\(scope.rawValue), \(id), \(clientID), \(url), ''::bytea, 0, \(by)) ON CONFLICT DO NOTHING RETURNING id
                """
            ).decodeFirst(Int64.self)
            guard let added else {
                throw RelayError(code: .exists, message: "webhooks of \(id) go to \(url) already; relevo relay list shows all")
            }
            let limits = LaneLimits(perSecond: nil, burst: Self.parallel, maxRunning: Self.parallel)
            let lane = try await Lanes.ensure(Self.laneKey(added), limits: limits, on: db)
            // Bound to its row: a sealed secret that is copied to another one does not open.
            let sealed = try vault.seal(secret, for: Self.place(added))
            try await db.query("UPDATE webhooks.relay SET secret = \(sealed), lane_id = \(lane) WHERE id = \(added)")
            return try await Self.read(id: added, on: db).first
        }
        guard let relay else { throw Self.missing(0) }
        return relay
    }

    /// - Parameter clientID: nil for all.
    public func list(clientID: String? = nil) async throws -> [Relay] {
        try await client.withTransaction { try await Self.read(clientID: clientID, on: $0) }
    }

    /// Takes one away; what waits for it is dropped. Throws `.notFound`.
    @discardableResult
    public func remove(_ id: Int64) async throws -> Relay {
        try await client.withTransaction { db in
            guard let relay = try await Self.read(id: id, on: db).first else { throw Self.missing(id) }
            // What waits is dropped as it comes up: its lane may not stand still.
            try await Lanes.resume(Self.laneKey(id), on: db)
            try await db.query("DELETE FROM webhooks.relay WHERE id = \(id)")
            return relay
        }
    }

    /// Lets what comes for one wait, or go again. Throws `.notFound`.
    @discardableResult
    public func setPaused(_ id: Int64, _ isPaused: Bool, by: String) async throws -> Relay {
        try await client.withTransaction { db in
            guard try await !Self.read(id: id, on: db).isEmpty else { throw Self.missing(id) }
            if isPaused {
                try await Lanes.pause(Self.laneKey(id), reason: "relay paused", by: by, on: db)
            } else {
                try await Lanes.resume(Self.laneKey(id), on: db)
            }
            guard let relay = try await Self.read(id: id, on: db).first else { throw Self.missing(id) }
            return relay
        }
    }

    /// Looks which systems are too far behind to be given more.
    func measure() async throws {
        try await client.query(
            """
            UPDATE webhooks.relay r SET is_full = n.is_full FROM (
                SELECT w.id, (SELECT count(*) FROM (SELECT FROM jobs.ready y WHERE y.lane_id = w.lane_id LIMIT \(Self.mostWaiting)) x)
                    + coalesce(l.jobs, 0) >= \(Self.mostWaiting) AS is_full
                FROM webhooks.relay w
                -- Once for all of them: it has no index by lane.
                LEFT JOIN (SELECT lane_id, count(*) AS jobs FROM jobs.later GROUP BY lane_id) l ON l.lane_id = w.lane_id) n
            WHERE r.id = n.id AND r.is_full <> n.is_full
            """)
    }

    static func place(_ id: Int64) -> String { "webhooks.relay \(id)" }

    static func missing(_ id: Int64) -> RelayError {
        RelayError(code: .notFound, message: "there is no relay \(id); relevo relay list shows all")
    }

    /// https, or http to this machine: bodies hold what people write.
    private static func checked(_ text: String) throws -> String {
        func bad(_ why: String) -> RelayError {
            RelayError(
                code: .badValue, message: "\(text.prefix(100).debugDescription) \(why); expected one such as https://crm.example/whatsapp")
        }
        guard (1...2000).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let address = URLComponents(string: text),
            let host = address.host, !host.isEmpty
        else { throw bad("is no address") }
        guard address.user == nil, address.password == nil, address.fragment == nil else {
            throw bad("names a user, a password or a fragment")
        }
        let isLocal = ["localhost", "127.0.0.1", "[::1]", "::1"].contains(host)
        guard address.scheme == "https" || (address.scheme == "http" && isLocal) else { throw bad("is not reached by https") }
        if let port = address.port, !(1...65535).contains(port) { throw bad("has no such port") }
        return text
    }

    private static func read(id: Int64? = nil, clientID: String? = nil, on db: PostgresConnection) async throws -> [Relay] {
        try await db.query(
            """
            SELECT r.id, r.scope, r.scope_id, r.client_id, r.url, coalesce(l.paused, false),
                (SELECT count(*) FROM (SELECT FROM jobs.ready y WHERE y.lane_id = r.lane_id LIMIT \(mostWaiting)) x)
                    + coalesce(w.jobs, 0),
                r.delivered, r.given_up, r.dropped, r.delivered_at, r.failed_at, r.failure, r.created_at, r.created_by
            FROM webhooks.relay r LEFT JOIN jobs.lane l ON l.id = r.lane_id
            LEFT JOIN (SELECT lane_id, count(*) AS jobs FROM jobs.later GROUP BY lane_id) w ON w.lane_id = r.lane_id
            WHERE (\(id)::bigint IS NULL OR r.id = \(id)) AND (\(clientID)::text IS NULL OR r.client_id = \(clientID))
            ORDER BY r.client_id, r.scope, r.scope_id, r.id LIMIT 10000
            """
        ).decode(
            (Int64, String, String, String, String, Bool, Int, Int, Int, Int, Date?, Date?, String?, Date, String).self
        ).map {
            Relay(
                id: $0.0, scope: Relay.Scope(rawValue: $0.1) ?? .waba, scopeID: $0.2, clientID: $0.3, url: $0.4, isPaused: $0.5,
                waiting: $0.6,
                delivered: $0.7, givenUp: $0.8, dropped: $0.9, deliveredAt: $0.10, failedAt: $0.11, failure: $0.12, createdAt: $0.13,
                createdBy: $0.14)
        }
    }
}
