import Foundation
import Postgres

/// The engine's statements. Each is one call of a function of schema `jobs`; no session state.
struct JobStore: Sendable {
    let client: PostgresClient

    /// Most of what has become due that one turn moves.
    private static let mostTurned = 1000

    /// Moves everything that has become due since `since` to its lane. Returns when the first of it was due, or now: microseconds since 1970
    /// by the server's clock, as all times here.
    @discardableResult
    func turn(_ most: Int = mostTurned, since: Int64 = 0) async throws -> Int64 {
        try Self.turned(try await client.query(Self.turning(most, since)), since).first
    }

    private static func turning(_ most: Int, _ since: Int64) -> PostgresQuery {
        "SELECT jobs.now_us(), jobs.turn(\(most)::int, \(since))"
    }

    private static func turned(_ rows: PostgresRows, _ since: Int64) throws -> (begun: Int64?, first: Int64) {
        guard let row = try rows.decodeFirst((Int64, Int64).self) else { return (nil, since) }
        return (row.0, row.1)
    }

    /// What a claim asks for.
    struct Claim {
        var worker: Int64
        var lanes: Int
        /// Attempts, of all lanes and of each.
        var most: Int
        var perLane: Int
        /// Seconds.
        var lease: Double
        var lead: Duration = .zero
        /// Lanes that are due since then.
        var since: Int64 = 0

        var query: PostgresQuery {
            """
            SELECT attempt_id, job_id, lane_id, lane_key, kind, n, payload, priority, max_attempts, slot_us, t_us, early, now_us, due_us
              FROM jobs.claim(\(worker), \(lanes)::int, \(most)::int, \(perLane)::int, \(lease),
                \(Int64(lead / .microseconds(1))), \(since))
            """
        }
    }

    /// `due` is when the first of the lanes was, nil when nothing was claimed.
    typealias Claimed = (attempts: [Attempt], due: Int64?)

    func claim(_ claim: Claim, slots: inout SlotReader) async throws -> Claimed {
        let asked = ContinuousClock.now
        return try Self.claimed(try await client.query(claim.query), nil, asked, &slots)
    }

    /// Turns and then claims: two transactions, since a claim must not hold what a turn has locked, in one round trip. A turn that failed beside a
    /// claim that found something is told of in `trouble`: what was claimed is ours.
    func turnAndClaim(
        _ claim: Claim, slots: inout SlotReader
    ) async throws -> (turned: Int64, claimed: Claimed, trouble: (any Error)?) {
        let asked = ContinuousClock.now
        let answers = try await client.withConnection {
            try await $0.separately([Self.turning(Self.mostTurned, claim.since), claim.query])
        }
        let rows = try answers[1].get()
        do {
            let turned = try Self.turned(try answers[0].get(), claim.since)
            return (turned.first, try Self.claimed(rows, turned.begun, asked, &slots), nil)
        } catch {
            let claimed = try Self.claimed(rows, nil, asked, &slots)
            if claimed.attempts.isEmpty { throw error }
            return (claim.since, claimed, error)
        }
    }

    private static func claimed(
        _ rows: PostgresRows, _ begun: Int64?, _ asked: ContinuousClock.Instant, _ slots: inout SlotReader
    ) throws -> Claimed {
        let rows = try rows.decode((Int64, Int64, Int64, String, String, Int, Data, Int16, Int, Int64?, Int64, Bool, Int64, Int64).self)
        guard let first = rows.first else { return ([], nil) }
        slots.clock.heard(first.12, first: begun, asked: asked, heard: .now)
        let attempts = rows.map { row in
            Attempt(
                id: row.0, jobID: row.1, lane: row.2, laneKey: row.3, kind: row.4, number: row.5, payload: row.6, priority: row.7,
                maxAttempts: row.8, slot: slots.read(row.9, interval: row.10, isFirst: row.11, claimed: row.12, lane: row.2))
        }
        return (attempts, first.13)
    }

    /// Asks for the server's time until it is known to within a millisecond, some times at most. A process that has just begun knows it from
    /// slow answers alone.
    func readClock(_ slots: inout SlotReader) async throws {
        for _ in 0..<8 where slots.clock.error(at: .now + .seconds(5)) > SlotReader.goodError {
            let asked = ContinuousClock.now
            guard let time = try await client.query("SELECT jobs.now_us()").decodeFirst(Int64.self) else { return }
            slots.clock.heard(time, asked: asked, heard: .now)
        }
        slots.lastRead = .now
    }

    /// Attempts of a worker that have no intent yet.
    func claimed(by worker: Int64) async throws -> [Int64] {
        try await client.query("SELECT attempt_id FROM jobs.attempt WHERE worker_id = \(worker) AND phase = 0").decode(Int64.self)
    }

    /// Time until something known becomes due; nil when nothing is.
    func nextDue(since: Int64 = 0) async throws -> Duration? {
        try await client.query("SELECT jobs.next_due(\(since))").decodeFirst(Double?.self).flatMap { $0 }.map {
            .seconds(max(0, min($0, 3600)))
        }
    }

    /// Writes intents; returns those that are written, and the rows of `queries`, which run after it in the same round trip.
    func intend(
        worker: Int64, ids: [Int64], delivery: Delivery, lease: Double, then queries: [PostgresQuery] = [], on db: PostgresConnection
    ) async throws -> (held: Set<Int64>, rows: [PostgresRows]) {
        let rows = try await db.pipeline(["SELECT jobs.intend(\(worker), \(ids), \(delivery.rawValue), \(lease))"] + queries)
        return (Set(try rows[0].decode(Int64.self)), Array(rows.dropFirst()))
    }

    func refuse(_ refused: [(id: Int64, until: Date?, reason: String)], on db: some PostgresExecutor) async throws {
        guard !refused.isEmpty else { return }
        try await db.query(
            "SELECT jobs.refuse(\(refused.map(\.id)), \(refused.map(\.until)), \(refused.map { JobQueue.clean($0.reason) }))")
    }

    func giveBack(worker: Int64, ids: [Int64], reason: String) async throws {
        guard !ids.isEmpty else { return }
        try await client.query("SELECT jobs.give_back(\(worker), \(ids), \(reason))")
    }

    /// Ends attempts; returns those that were still ours, with the time of their retry.
    func finish(_ endings: [Ending], unsettled: [Data?], on db: PostgresConnection) async throws -> [Int64: Date?] {
        let rows = try await db.query(
            """
            SELECT attempt_id, retry_at FROM jobs.finish(\(endings.map(\.id)), \(endings.map(\.code)), \(endings.map(\.providerID)),
                \(endings.map(\.reason)), \(endings.map(\.delay)), \(endings.map(\.costsAttempt)), \(endings.map(\.penalty)), \(unsettled),
                \(endings.map(\.priority)))
            """)
        return Dictionary(try rows.decode((Int64, Date?).self).map { ($0.0, $0.1) }) { first, _ in first }
    }

    /// Records results of attempts that had been rescued; returns those that are news.
    func recordLate(_ endings: [Ending], on db: PostgresConnection) async throws -> Set<Int64> {
        Set(
            try await db.query(
                """
                SELECT jobs.record_late(\(endings.map(\.id)), \(endings.map(\.code)), \(endings.map(\.providerID)),
                    \(endings.map(\.reason)))
                """
            ).decode(Int64.self))
    }

    func bump(_ counter: String, by count: Int, on db: some PostgresExecutor) async throws {
        guard count > 0 else { return }
        try await db.query("SELECT jobs.bump(\(counter), \(count))")
    }

    func rescuable(stale: Double, kinds: [String], most: Int = 200) async throws -> [Int64] {
        try await client.query("SELECT jobs.rescuable(\(stale), \(kinds), \(most)::int)").decode(Int64.self)
    }

    struct Rescued {
        let attempt: Attempt
        let verdict: String
        let retryAt: Date?
    }

    func rescue(_ ids: [Int64], stale: Double, base: Double, cap: Double, on db: PostgresConnection) async throws -> [Rescued] {
        // Without an intent here, and perhaps performed all the same: a new timeline is judged first.
        let moved = try await db.query("SELECT jobs.timeline_moved()").decodeFirst(Bool.self) ?? false
        if moved { return [] }
        return try Self.rescued(
            try await db.query(
                """
                SELECT attempt_id, job_id, lane_id, lane_key, kind, n, payload, priority, max_attempts, verdict, retry_at
                  FROM jobs.rescue(\(ids), \(stale), \(base), \(cap))
                """))
    }

    func takeSuspects(_ kinds: [String], most: Int, on db: PostgresConnection) async throws -> [Rescued] {
        try Self.rescued(
            try await db.query(
                """
                SELECT attempt_id, job_id, lane_id, lane_key, kind, n, payload, priority, max_attempts, verdict, retry_at
                  FROM jobs.take_suspects(\(kinds), \(most)::int)
                """))
    }

    private static func rescued(_ rows: PostgresRows) throws -> [Rescued] {
        try rows.decode((Int64, Int64, Int64, String, String, Int, Data, Int16, Int, String, Date?).self).map {
            Rescued(
                attempt: Attempt(
                    id: $0.0, jobID: $0.1, lane: $0.2, laneKey: $0.3, kind: $0.4, number: $0.5, payload: $0.6, priority: $0.7,
                    maxAttempts: $0.8),
                verdict: $0.9, retryAt: $0.10)
        }
    }

    /// Says that the worker lives; registers it when it is new or was taken for dead. Returns its id.
    func beat(_ worker: Int64?, name: String, on db: some PostgresExecutor) async throws -> Int64 {
        if let worker {
            let known = try await db.query("UPDATE jobs.worker SET beat_at = clock_timestamp() WHERE id = \(worker) RETURNING id")
            if let id = try known.decodeFirst(Int64.self) { return id }
        }
        guard let id = try await db.query("INSERT INTO jobs.worker (name) VALUES (\(name)) RETURNING id").decodeFirst(Int64.self) else {
            throw JobsError(message: "the worker could not be registered")
        }
        return id
    }

    func leave(_ worker: Int64) async throws { try await client.query("DELETE FROM jobs.worker WHERE id = \(worker)") }

    func tidy() async throws {
        let stranded = try await client.query("SELECT jobs.tidy()").decodeFirst(Int.self) ?? 0
        try await bump("stranded", by: stranded, on: client)
    }

    func partitions(retentionDays: Int) async throws {
        try await client.query("SELECT jobs.ensure_partitions(2)")
        try await client.query("SELECT jobs.drop_partitions(clock_timestamp() - make_interval(days => \(retentionDays)::int))")
    }
}
