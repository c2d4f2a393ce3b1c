import Foundation
import Postgres

/// Works on stored POSTs in its caller's transaction.
struct PostWork: Sendable {
    let owners: WebhookOwners
    let words: StopWords
    /// Bytes of the bodies of one transaction, or one POST: some 2,000 statuses. Their messages stay locked until all of them are written.
    static let largest = 1 << 20

    private struct Post {
        var id: Int64
        var body: Data
        var isRelayed: Bool
        var updates: WebhookUpdates
    }

    /// Routes the updates of POSTs to their owners; returns how many of each one's no owner took. POSTs beyond what fits in one transaction are left
    /// out. Throws when any of several POSTs has an update that its owner does not bear: alone, it would have been put aside.
    func run(_ ids: [Int64], on db: PostgresConnection) async throws -> [Int64: Int] {
        var problems: [Int64: Int] = [:]
        var posts: [Post] = []
        // One may be named twice: by an attempt that has outlived its lease, and by the one that took its place.
        var named: Set<Int64> = []
        let ids = ids.filter { named.insert($0).inserted }
        for (id, body, state, receivedAt, isRelayed) in try await read(ids, on: db) {
            problems[id] = 0
            // Done by an attempt whose completion was lost.
            guard state == "pending", let body else { continue }
            do {
                posts.append(
                    Post(
                        id: id, body: body, isRelayed: isRelayed, updates: try WebhookUpdates(body: body, post: id, receivedAt: receivedAt))
                )
            } catch {
                problems[id] = 1
                try await finish(
                    [.init(post: id, state: "problem", problem: "not_a_webhook", detail: "\(error)", updates: 0, isRelayed: false)], on: db)
            }
        }
        guard !posts.isEmpty else { return problems }
        let updates = posts.dropFirst().reduce(into: posts[0].updates) { $0.append($1.updates) }
        let untaken =
            updates.unreadable + (try await WebhookRouter(owners: owners, words: words, isolates: posts.count == 1).route(updates, on: db))
        try await Notices.store(updates.notices, on: db)
        try await Problems.store(untaken, on: db)
        // Clients' systems read for themselves what ours may not understand.
        try await RelayOutbox(owners: owners).put(posts.filter { !$0.isRelayed }.map(\.body), on: db)
        let counts = Dictionary(grouping: untaken, by: \.place.post).mapValues(\.count)
        try await finish(
            posts.map { post in
                let count = counts[post.id] ?? 0
                problems[post.id] = count
                return Finish(
                    post: post.id, state: count == 0 ? "done" : "problem", problem: count == 0 ? nil : "updates",
                    detail: count == 0 ? nil : "\(count) of \(post.updates.count) updates were not taken", updates: post.updates.count)
            }, on: db)
        return problems
    }

    /// The first POSTs that fit, locked. What is gone with the retention, or done, is told without a body.
    private func read(_ ids: [Int64], on db: PostgresConnection) async throws -> [(Int64, Data?, String, Date, Bool)] {
        let found = try await db.query(
            """
            WITH asked AS MATERIALIZED (
                SELECT n.id, sum(CASE WHEN p.state = 'pending' THEN octet_length(p.body) ELSE 0 END) OVER (ORDER BY n.n) AS bytes, n.n
                FROM unnest(\(ids)) WITH ORDINALITY AS n (id, n) LEFT JOIN webhooks.post p ON p.id = n.id)
            SELECT a.id, p.body, p.state, p.business_at, p.relayed FROM asked a JOIN webhooks.post p ON p.id = a.id
            WHERE a.bytes <= \(Self.largest) OR a.n = 1 ORDER BY p.id FOR UPDATE OF p
            """
        ).decode((Int64, Data, String, Date, Bool).self)
        let gone = try await db.query(
            "SELECT n.id FROM unnest(\(ids)) AS n (id) WHERE NOT EXISTS (SELECT FROM webhooks.post p WHERE p.id = n.id)"
        ).decode(Int64.self)
        return found.map { ($0.0, $0.2 == "pending" ? $0.1 : nil, $0.2, $0.3, $0.4) }
            + gone.map { ($0, nil, "gone", Date.distantPast, true) }
    }

    private struct Finish {
        var post: Int64
        var state: String
        var problem: String?
        var detail: String?
        var updates: Int
        /// Handed to the relays: not what could not be read, which a replay may yet read.
        var isRelayed = true
    }

    private func finish(_ posts: [Finish], on db: PostgresConnection) async throws {
        try await db.query(
            """
            UPDATE webhooks.post p SET state = n.state, problem = n.problem, detail = n.detail, updates = n.updates, relayed = p.relayed OR n.relayed,
                processed_at = clock_timestamp()
            FROM unnest(\(posts.map(\.post)), \(posts.map(\.state)), \(posts.map(\.problem)), \(posts.map(\.detail)),
                \(posts.map { Int32($0.updates) }), \(posts.map(\.isRelayed))) AS n (id, state, problem, detail, updates, relayed)
            WHERE p.id = n.id
            """)
    }
}
