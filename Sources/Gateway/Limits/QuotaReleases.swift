import Foundation
import Jobs
import Logging
import Postgres

/// Lets held messages go as their quota gets room: in their order, each with its place reserved, so that no other one takes it.
struct QuotaReleases {
    let core: GatewayCore
    private static let batch = 500
    /// Looks at one quota in one round: a limit that was raised lets thousands go.
    private static let looks = 20

    /// One look at every quota that something has happened to, or that messages are held for; returns how many messages go.
    func round() async throws -> Int {
        try await endLines()
        try await fold()
        // A place for what does not go would be lost to others.
        if try await Lanes.everythingPaused(on: core.client) != nil { return 0 }
        if try await KindPauses.list(on: core.client).contains(where: { $0.kind == SendJob.kind }) { return 0 }
        var released = 0
        var last = ""
        while true {
            let keys = try await keys(after: last, "message", where: "waits_for = 'quota'", column: "held_for")
            guard let end = keys.last else { return released }
            last = end
            for key in keys {
                // One that fails does not keep the others waiting.
                do {
                    for _ in 0..<Self.looks {
                        let count = try await core.client.withTransaction { try await release(key, on: $0) }
                        released += count
                        if count == 0 { break }
                    }
                } catch let error as PostgresError where !error.isTransient {
                    core.logger.error(
                        "messages held for a quota could not be released", metadata: ["quota": "\(key)", "error": "\(error)"])
                }
            }
        }
    }

    /// Lines in which nobody stands any more, or only messages of numbers that do not send: others need not wait behind those. One by one, each
    /// looked at once it is locked: somebody may just have held a message for it.
    private func endLines() async throws {
        for key in try await core.client.query("SELECT key FROM gateway.quota WHERE waiting ORDER BY key").decode(String.self) {
            try await core.client.withTransaction { db in
                guard try await !db.query("SELECT FROM gateway.quota WHERE key = \(key) FOR UPDATE SKIP LOCKED").isEmpty else { return }
                try await db.query(
                    """
                    UPDATE gateway.quota SET waiting = false
                    WHERE key = \(key) AND waiting AND NOT EXISTS (SELECT FROM gateway.pick_held(\(key), 1, 1))
                    """)
            }
        }
    }

    /// Takes marks in before they are many, and drops what is over, so that what is shown is right.
    private func fold() async throws {
        var last = ""
        while true {
            let keys = try await keys(after: last, "quota_mark", where: "true", column: "key")
            guard let end = keys.last else { break }
            last = end
            for key in keys { try await core.client.query("SELECT FROM gateway.open_quotas(\([key]))") }
        }
        let over = try await core.client.query(
            """
            SELECT q.key FROM gateway.quota q
            WHERE EXISTS (SELECT FROM gateway.quota_use u WHERE u.key = q.key AND u.until <= (SELECT jobs.now()) OFFSET 0) LIMIT 1000
            """
        ).decode(String.self)
        for key in over { try await core.client.query("SELECT FROM gateway.open_quotas(\([key]))") }
    }

    /// Different keys in an index, one step a key: there may be many rows behind each.
    private func keys(
        after last: String, _ table: StaticString, where condition: StaticString, column: StaticString
    ) async throws -> [String] {
        let (table, condition, column) = ("\(table)", "\(condition)", "\(column)")
        return try await core.client.query(
            """
            WITH RECURSIVE k (key) AS (
                (SELECT \(unescaped: column) FROM gateway.\(unescaped: table) WHERE \(unescaped: condition) AND \(unescaped: column) > \(last)
                 ORDER BY \(unescaped: column) LIMIT 1)
                UNION ALL
                SELECT (SELECT t.\(unescaped: column) FROM gateway.\(unescaped: table) t WHERE \(unescaped: condition) AND t.\(unescaped: column) > k.key
                    ORDER BY t.\(unescaped: column) LIMIT 1)
                FROM k WHERE k.key IS NOT NULL)
            SELECT key FROM k WHERE key IS NOT NULL LIMIT 500
            """
        ).decode(String.self)
    }

    private func release(_ key: String, on db: PostgresConnection) async throws -> Int {
        let exists = try await !db.query("SELECT FROM gateway.quota WHERE key = \(key)").isEmpty
        var free = Self.batch
        if exists {
            // Another process looks at it, or an admission: the next round comes soon.
            guard try await !db.query("SELECT FROM gateway.quota WHERE key = \(key) FOR UPDATE SKIP LOCKED").isEmpty else { return 0 }
            let standing = try await db.query("SELECT per_day, shadow, used FROM gateway.open_quotas(\([key]))")
                .decodeFirst((Int?, Bool, Int).self)
            if let (perDay, isInShadow, used) = standing, let perDay, !isInShadow { free = max(0, perDay - used) }
        }
        let found = try await db.query("SELECT id, item FROM gateway.pick_held(\(key), \(free)::int, \(Self.batch)::int)")
            .decode((UUID, String).self)
        guard !found.isEmpty else { return 0 }
        let rows = try await MessageStore.lock(found.map(\.0), on: db).filter { $0.value.state == .held }
        let going = try await Releases(core: core).again(Array(rows.values), kind: "released", detail: "\(key) has room again", on: db)
        guard exists else { return going.count }
        let items = Dictionary(found.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first })
        try await Quotas.take(
            going.compactMap { id in
                guard let item = items[id], let row = rows[id] else { return nil }
                return (QuotaItem(key: key, item: item), message: id, attempt: row.attempts + 1)
            }, on: db)
        try await db.query(
            """
            UPDATE gateway.message SET quotas = CASE WHEN \(key) = ANY (quotas) THEN quotas ELSE array_append(quotas, \(key)) END
            WHERE id = ANY (\(going))
            """)
        return going.count
    }

    /// Lets templates go that were held for a portfolio and whose recipients have written meanwhile: they are not counted any more.
    func windowOpened(sender: String, addresses: [String], on db: PostgresConnection) async throws {
        let names = addresses + addresses.filter { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }.map { "+" + $0 }
        let ids = try await db.query(
            """
            SELECT id FROM gateway.message WHERE address = ANY (\(names)) AND sender = \(sender) AND waits_for = 'quota'
                AND reason_code = \(HoldReason.portfolioLimit) ORDER BY id LIMIT \(Self.batch)
            """
        ).decode(UUID.self)
        guard !ids.isEmpty else { return }
        let rows = try await MessageStore.lock(ids, on: db).values.filter { $0.state == .held }
        _ = try await Releases(core: core).again(Array(rows), kind: "released", detail: "the recipient has written", on: db)
    }
}
