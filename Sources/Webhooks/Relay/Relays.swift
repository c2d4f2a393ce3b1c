public import CloudAPI
public import Credentials
import Foundation
import Jobs
public import Postgres

/// The systems that webhooks go on to.
public struct Relays: Sendable {
    let client: PostgresClient
    let vault: Vault
    /// POSTs to one system at a time where nothing else was said, and what may be said.
    static let parallel = 16
    static let allowedParallel = 1...RelayKind.most
    /// POSTs that may wait for one system; more are not taken.
    static let mostWaiting = 1_000_000

    public init(client: PostgresClient, vault: Vault) {
        self.client = client
        self.vault = vault
    }

    static func laneKey(_ id: Int64) -> String { "relay:\(id)" }

    /// Adds one. Throws `RelayError` `.badValue`, `.exists`.
    /// - Parameters:
    ///   - secret: signs its POSTs; what the system checks `X-Hub-Signature-256` with.
    ///   - parallel: POSTs to it at a time, 1 to 64; nil: 16.
    @discardableResult
    public func add(
        scope: Relay.Scope, id: String, url: String, secret: Secret, clientID: String = "", parallel: Int? = nil, by: String
    ) async throws -> Relay {
        guard (1...64).contains(id.utf8.count), id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw RelayError(
                code: .badValue,
                message: "\(id.prefix(70).debugDescription) is no \(scope == .waba ? "WABA" : "phone number") id; expected digits")
        }
        try Self.check(secret)
        let limits = try Self.limits(parallel ?? Self.parallel)
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
            let lane = try await Lanes.ensure(Self.laneKey(added), limits: limits, on: db)
            // Bound to its row: a sealed secret that is copied to another one does not open.
            let sealed = try vault.seal(secret, for: Self.place(added))
            try await db.query("UPDATE webhooks.relay SET secret = \(sealed), lane_id = \(lane) WHERE id = \(added)")
            return try await Self.read(id: added, on: db).first
        }
        guard let relay else { throw Self.missing(0) }
        return relay
    }

    /// Changes one; what is nil stays. A POST that begins from now on has the new signature, and what waits has it too: whoever checks
    /// should take both for a moment. Throws `RelayError` `.badValue`, `.notFound`.
    /// - Parameters:
    ///   - secret: signs its POSTs.
    ///   - parallel: POSTs to it at a time, 1 to 64.
    @discardableResult
    public func set(_ id: Int64, secret: Secret? = nil, parallel: Int? = nil) async throws -> Relay {
        if let secret { try Self.check(secret) }
        let limits = try parallel.map { try Self.limits($0) }
        let sealed = try secret.map { try vault.seal($0, for: Self.place(id)) }
        return try await client.withTransaction { db in
            guard try await !Self.read(id: id, on: db).isEmpty else { throw Self.missing(id) }
            // The lane first, as in `remove`.
            if let limits { try await Lanes.set(Self.laneKey(id), limits: limits, on: db) }
            if let sealed { try await db.query("UPDATE webhooks.relay SET secret = \(sealed), secrets = secrets + 1 WHERE id = \(id)") }
            guard let relay = try await Self.read(id: id, on: db).first else { throw Self.missing(id) }
            return relay
        }
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
            WITH depth AS MATERIALIZED (
                SELECT w.id, (SELECT count(*) FROM (SELECT FROM jobs.ready y WHERE y.lane_id = w.lane_id LIMIT \(Self.mostWaiting)) x)
                    + coalesce(l.jobs, 0) >= \(Self.mostWaiting) AS is_full
                FROM webhooks.relay w
                -- Once for all of them: it has no index by lane.
                LEFT JOIN (SELECT lane_id, count(*) AS jobs FROM jobs.later GROUP BY lane_id) l ON l.lane_id = w.lane_id),
            -- In the order of `fold`: every worker process does both.
            held AS MATERIALIZED (
                SELECT r.id, d.is_full FROM webhooks.relay r JOIN depth d ON d.id = r.id WHERE r.is_full <> d.is_full
                ORDER BY r.id FOR NO KEY UPDATE OF r)
            UPDATE webhooks.relay r SET is_full = h.is_full FROM held h WHERE r.id = h.id
            """)
    }

    static func place(_ id: Int64) -> String { "webhooks.relay \(id)" }

    static func missing(_ id: Int64) -> RelayError {
        RelayError(code: .notFound, message: "there is no relay \(id); relevo relay list shows all")
    }

    private static func check(_ secret: Secret) throws {
        guard (16...512).contains(secret.reveal().utf8.count), !secret.reveal().utf8.contains(0) else {
            throw RelayError(code: .badValue, message: "the secret has to have 16 to 512 bytes")
        }
    }

    private static func limits(_ parallel: Int) throws -> LaneLimits {
        guard allowedParallel.contains(parallel) else {
            throw RelayError(
                code: .badValue,
                message: "\(parallel) POSTs at a time; expected \(allowedParallel.lowerBound) to \(allowedParallel.upperBound)")
        }
        return LaneLimits(perSecond: nil, burst: parallel, maxRunning: parallel)
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
            SELECT r.id, r.scope, r.scope_id, r.client_id, r.url, coalesce(l.max_running, \(parallel))::bigint, coalesce(l.paused, false),
                (SELECT count(*) FROM (SELECT FROM jobs.ready y WHERE y.lane_id = r.lane_id LIMIT \(mostWaiting)) x)
                    + coalesce(w.jobs, 0),
                r.delivered + coalesce(t.delivered, 0), r.given_up + coalesce(t.given_up, 0), r.dropped + coalesce(t.dropped, 0),
                greatest(r.delivered_at, t.delivered_at), greatest(r.failed_at, t.failed_at),
                CASE WHEN t.failed_at >= coalesce(r.failed_at, '-infinity') THEN t.failure ELSE r.failure END, r.created_at, r.created_by
            FROM webhooks.relay r LEFT JOIN jobs.lane l ON l.id = r.lane_id
            LEFT JOIN (SELECT \(unescaped: RelayTally.sums) FROM webhooks.relay_tally GROUP BY relay_id) t ON t.relay_id = r.id
            LEFT JOIN (SELECT lane_id, count(*) AS jobs FROM jobs.later GROUP BY lane_id) w ON w.lane_id = r.lane_id
            WHERE (\(id)::bigint IS NULL OR r.id = \(id)) AND (\(clientID)::text IS NULL OR r.client_id = \(clientID))
            ORDER BY r.client_id, r.scope, r.scope_id, r.id LIMIT 10000
            """
        ).decode(
            (Int64, String, String, String, String, Int, Bool, Int, Int, Int, Int, Date?, Date?, String?, Date, String).self
        ).map {
            Relay(
                id: $0.0, scope: Relay.Scope(rawValue: $0.1) ?? .waba, scopeID: $0.2, clientID: $0.3, url: $0.4, parallel: $0.5,
                isPaused: $0.6, waiting: $0.7, delivered: $0.8, givenUp: $0.9, dropped: $0.10, deliveredAt: $0.11, failedAt: $0.12,
                failure: $0.13, createdAt: $0.14, createdBy: $0.15)
        }
    }
}
