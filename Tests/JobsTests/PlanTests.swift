import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

/// What the planner makes of the engine's statements, inside the functions, on tables of which its statistics are right, old or none.
///
/// A statement that reads a whole table is as quick as any other in a test and an outage in a fleet.
@Suite struct PlanTests {
    private static let lanes = 20_000
    private static let ready = 200_000
    /// A scan may read this many rows of the batch it is asked for, and of small tables.
    private static let mostRows = 3000.0
    private static let mostSorted = 2000.0

    @Test func onEmptyTables() async throws {
        try await TestDatabase.with { client in
            try await PlanWatch.with(client) { watched, watch in
                try await round(watched, lane: try await watched.lane(), times: 7)
                try expectShort(try watch.take())
            }
        }
    }

    /// Generic plans made for empty tables, which are full by then.
    @Test func onTablesThatFilledUpSinceThePlanWasMade() async throws {
        try await TestDatabase.with { client in
            try await PlanWatch.with(client) { watched, watch in
                try await client.query("ANALYZE")
                let lane = try await watched.lane()
                try await round(watched, lane: lane, times: 7)
                try await fill(client)
                _ = try watch.take()
                try await round(watched, lane: lane, times: 2)
                try expectShort(try watch.take())
            }
        }
    }

    /// Plans made with statistics of empty tables.
    @Test func onFullTablesThatCountAsEmpty() async throws {
        try await TestDatabase.with { client in
            try await client.query("ANALYZE")
            try await fill(client)
            try await PlanWatch.with(client) { watched, watch in
                try await round(watched, lane: try await watched.lane(), times: 7)
                try expectShort(try watch.take())
            }
        }
    }

    @Test func onFullTables() async throws {
        try await TestDatabase.with { client in
            try await fill(client)
            try await client.query("ANALYZE")
            try await PlanWatch.with(client) { watched, watch in
                try await round(watched, lane: try await watched.lane(), times: 7)
                try expectShort(try watch.take())
            }
        }
    }

    /// Statistics of full tables, and plans made with them, when all but everything has been done.
    @Test func onTablesThatCountAsFullAndAreEmpty() async throws {
        try await TestDatabase.with { client in
            try await fill(client)
            try await client.query("ANALYZE")
            try await PlanWatch.with(client) { watched, watch in
                let lane = try await watched.lane()
                try await round(watched, lane: lane, times: 7)
                for table in ["ready", "later", "outcome", "job"] { try await client.query("DELETE FROM jobs.\(unescaped: table)") }
                _ = try watch.take()
                try await round(watched, lane: lane, times: 3)
                try expectShort(try watch.take())
            }
        }
    }

    /// The rule itself: a statement that has to read everything is found out.
    @Test func readingEverythingIsFoundOut() async throws {
        try await TestDatabase.with { client in
            try await fill(client)
            try await PlanWatch.with(client) { watched, watch in
                try await watched.query(
                    """
                    DO $$ BEGIN PERFORM FROM jobs.ready WHERE attempt = 7; PERFORM FROM jobs.ready ORDER BY attempt, job_id LIMIT 1; END $$
                    """)
                let plans = try watch.take()
                #expect(faults(plans).contains { $0.contains("Seq Scan of jobs.ready") })
                #expect(faults(plans).contains { $0.contains("Sort") })
            }
        }
    }

    // MARK: - Everything an engine does in a second

    private func round(_ client: PostgresClient, lane: Int64, times: Int) async throws {
        let store = JobStore(client: client)
        let lost = AttemptResult.retry(after: .zero, reason: "refused", costsAttempt: true, lanePenalty: .milliseconds(1))
        for _ in 0..<times {
            let jobs = try await client.enqueue(40, lane: lane)
            let worker = try await client.worker()
            try await store.turn()
            var mine: [Attempt] = []
            // Lanes that have been due for longer come first, with or without work.
            for _ in 0..<200 where mine.count <= 20 {
                mine += try await store.claim(worker: worker, lanes: 64, most: 64 - mine.count, perLane: 32, lease: 60)
            }
            try #require(mine.count > 20)
            let held = try await client.intend(worker, Array(mine.dropFirst(4)))
            #expect(held.count == mine.count - 4)
            try await store.giveBack(worker: worker, ids: mine.prefix(2).map(\.id), reason: "test")
            try await client.withTransaction { db in
                try await store.refuse(mine.dropFirst(4).prefix(2).map { ($0.id, Date(timeIntervalSinceNow: 60), "test") }, on: db)
            }
            try await client.finish(Array(mine.dropFirst(6).prefix(2)), lost)
            try await client.finish(Array(mine.dropFirst(8).dropLast(4)))
            // What is left belongs to a worker that is gone.
            try await store.leave(worker)
            let rescuable = try await store.rescuable(stale: 60, kinds: ["test"])
            let rescued = try await client.withTransaction { try await store.rescue(rescuable, stale: 60, base: 1, cap: 1, on: $0) }
            #expect(rescued.count >= 4)
            let late = Ending(
                Completion(attempt: mine[mine.count - 1], kind: ScriptedKind(), result: .done(providerID: nil), detail: nil),
                settings: EngineSettings())
            try await client.withTransaction { _ = try await store.recordLate([late], on: $0) }
            _ = try await JobQueue.cancel(Array(jobs.suffix(3)), on: client)
            try await Lanes.debit("n7", tokens: 3, on: client)
            _ = try await store.nextDue()
            _ = try await JobQueue.place(of: jobs[0], on: client)
        }
    }

    /// Many lanes of which each has a little, one that has a lot, and some of everything else. One lane in a hundred is due.
    private func fill(_ client: PostgresClient) async throws {
        try await client.query(
            """
            INSERT INTO jobs.lane (key, t_us, burst, max_running) SELECT 'n' || n, 1000, 10, 10 FROM generate_series(1, \(Self.lanes)) n
            """)
        try await client.query(
            """
            UPDATE jobs.pace SET next_us = CASE WHEN l.key ~ '01$' THEN 1 ELSE jobs.now_us() + 3600000000 END,
                ready_low = array_fill(0::bigint, ARRAY[10])
              FROM jobs.lane l WHERE l.id = lane_id AND l.key LIKE 'n%'
            """)
        try await client.query(
            """
            WITH l AS (SELECT array_agg(id ORDER BY id) AS ids FROM jobs.lane WHERE key LIKE 'n%'),
            j AS (INSERT INTO jobs.job (id, lane_id, kind, priority, max_attempts, payload)
                  SELECT n, l.ids[1 + CASE WHEN n % 2 = 0 THEN n % \(Self.lanes) ELSE 0 END], 'test', 4, 10, ''
                    FROM generate_series(1, \(Self.ready)) n, l RETURNING id, lane_id)
            INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT id, lane_id, 4, 1 FROM j
            """)
        try await client.query(
            """
            INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt)
            SELECT clock_timestamp() + make_interval(secs => 3600 + n), -n, 1 + n % 1000, 4, 1 FROM generate_series(1, 50000) n
            """)
        try await client.query(
            """
            INSERT INTO jobs.outcome (attempt_id, job_id, n, result) SELECT -n, -n, 1, 'S' FROM generate_series(1, 50000) n
            """)
        try await client.query(
            """
            WITH w AS (INSERT INTO jobs.worker (name) VALUES ('another') RETURNING id)
            INSERT INTO jobs.attempt (job_id, lane_id, worker_id, n, priority, kind, phase, delivery, deadline_at)
            SELECT -n, 1 + n, w.id, 1, 4, 'test', 1, 'M', clock_timestamp() + interval '1 hour' FROM generate_series(1, 500) n, w
            """)
        try await client.query(
            "INSERT INTO jobs.debit (lane_id, tokens) SELECT id, 1 FROM jobs.lane WHERE key LIKE 'n%' AND key !~ '01$'")
    }

    // MARK: - Judging

    private func expectShort(_ plans: [PlanWatch.Plan], _ location: SourceLocation = #_sourceLocation) throws {
        #expect(plans.count > 20, "too few plans were told", sourceLocation: location)
        let faults = Set(faults(plans))
        #expect(faults.isEmpty, "\(faults.sorted().joined(separator: "\n"))", sourceLocation: location)
    }

    private func faults(_ plans: [PlanWatch.Plan]) -> [String] {
        plans.flatMap { plan in
            plan.nodes.compactMap { node in
                let text = "in \(plan.statement.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(160))"
                if let table = node.table, table.hasPrefix("jobs."), node.rows > Self.mostRows {
                    return "\(node.type) of \(table) read \(Int(node.rows)) rows \(text)"
                }
                return node.type.hasSuffix("Sort") && node.rows > Self.mostSorted ? "\(node.type) of \(Int(node.rows)) rows \(text)" : nil
            }
        }
    }
}
