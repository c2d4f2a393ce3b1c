import Foundation
import Postgres
import TestSupport
import Testing

@testable import Jobs

/// While a transaction stays open, PostgreSQL removes nothing that dies. Looks for work must not pass over all of it.
@Suite struct HeldSnapshotTests {
    /// Pages, not time: one is visited for every dead row or entry that is passed over.
    ///
    /// Once autovacuum has analysed `jobs.attempt` while it was almost empty, the planner finds every index equally cheap, and one that holds
    /// `attempt_id` anywhere may be read whole for `attempt_id = ANY (…)`, with all that is dead in it. Whether that happens must not depend on
    /// when autovacuum comes by, so here it is asked for, or kept away.
    @Test(arguments: [false, true])
    func aRoundVisitsAsManyPagesAfterThousandsOfJobs(analyzed: Bool) async throws {
        try await TestDatabase.with { client in
            try await client.withTransaction { try await $0.script(Self.withoutAutovacuum + Self.round) }
            let lanes = [
                try await client.lane("wide"),
                try await client.lane("rated", LaneLimits(perSecond: 100_000, burst: 100_000, maxRunning: 1000)),
            ]
            let worker = try await client.worker()
            try await client.withConnection { holder in
                try await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
                // It waits for as long as the test takes, on a busy machine too.
                try await holder.query("SET LOCAL idle_in_transaction_session_timeout = 0")
                try await holder.query("SELECT count(*) FROM jobs.ready")
                try await client.withConnection { db in
                    // The first rounds make plans and fill caches.
                    _ = try await rounds(10, lanes, worker, db)
                    let few = try await rounds(10, lanes, worker, db)
                    _ = try await rounds(200, lanes, worker, db)
                    if analyzed {
                        for table in try await db.query(
                            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'jobs'"
                        )
                        .decode(String.self) {
                            try await db.script("ANALYZE \(table)")
                        }
                    }
                    let many = try await rounds(10, lanes, worker, db)
                    #expect(Double(many) < Double(few) * 1.5, "\(many / 10) pages a round instead of \(few / 10)")
                }
                try await holder.query("ROLLBACK")
            }
        }
    }

    /// Rounds of ten jobs of each lane, of two priorities, from being due to their end. Returns the pages that took.
    private func rounds(_ count: Int, _ lanes: [Int64], _ worker: Int64, _ db: PostgresConnection) async throws -> Int {
        var pages = 0
        for _ in 0..<count {
            try await JobQueue.enqueue(
                lanes.flatMap { lane in (0..<10).map { NewJob(lane: lane, kind: "test", payload: Data(), priority: $0 == 0 ? 1 : 4) } },
                on: db)
            try await Lanes.debit("rated", tokens: 1, on: db)
            let plan = try await db.query("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT public.round(\(worker))").decodeFirst(String.self)
            let root = try JSONSerialization.jsonObject(with: Data(try #require(plan).utf8)) as? [[String: Any]]
            let top = try #require(root?.first?["Plan"] as? [String: Any])
            for blocks in ["Shared Hit Blocks", "Shared Read Blocks"] { pages += try #require(top[blocks] as? Int) }
        }
        return pages
    }

    private static let withoutAutovacuum = """
        DO $$ DECLARE t regclass; BEGIN
            FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'jobs'::regnamespace AND relkind = 'r' LOOP
                EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', t);
            END LOOP;
        END $$;

        """

    /// Every look begins where the last one found its first, as those of an engine do.
    private static let round = """
        CREATE FUNCTION public.round(p_worker bigint) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            v_since bigint := coalesce(nullif(current_setting('test.since', true), ''), '0')::bigint;
            v_turned bigint; v_due bigint; v_ids bigint[]; v_n int;
        BEGIN
            v_turned := jobs.turn(100, v_since);
            SELECT array_agg(attempt_id), min(due_us), count(*) INTO v_ids, v_due, v_n FROM jobs.claim(p_worker, 10, 100, 64, 60, 0, v_since);
            IF v_n <> 20 THEN RAISE 'claimed %', v_n; END IF;
            IF (SELECT count(*) FROM jobs.intend(p_worker, v_ids, 'M', 60)) <> 20 THEN RAISE 'not intended'; END IF;
            PERFORM jobs.finish(v_ids, array_fill('S'::text, ARRAY[20]), array_fill(NULL::text, ARRAY[20]), array_fill(NULL::text, ARRAY[20]),
                array_fill(NULL::float8, ARRAY[20]), array_fill(true, ARRAY[20]), array_fill(NULL::bigint, ARRAY[20]),
                array_fill(NULL::bytea, ARRAY[20]));
            PERFORM set_config('test.since', least(v_turned, v_due)::text, false);
        END $$
        """

    // MARK: - Where looks begin

    @Test func looksBeginWhereTheLastFoundItsFirst() {
        var looks = LookBack()
        let start = ContinuousClock.now
        #expect(looks.begin(start) == 0)
        looks.end(start + .milliseconds(2), earliest: 50_000_000)
        #expect(looks.begin(start + .milliseconds(3)) == 49_000_000)
        looks.end(start + .milliseconds(4), earliest: 50_500_000)
        #expect(looks.since == 49_500_000)
        // Something older was found by others meanwhile: a look never begins earlier again, but from the beginning.
        looks.end(start + .milliseconds(5), earliest: 40_000_000)
        #expect(looks.begin(start + .milliseconds(6)) == 49_500_000)
        #expect(looks.begin(start + .milliseconds(1003)) == 0)
    }

    /// A fortieth of the time at most.
    @Test func longLooksFromTheBeginningAreRare() {
        var looks = LookBack()
        let start = ContinuousClock.now
        _ = looks.begin(start)
        looks.end(start + .milliseconds(100), earliest: 50_000_000)
        #expect(looks.begin(start + .milliseconds(4099)) > 0)
        #expect(looks.begin(start + .milliseconds(4100)) == 0)
    }

    /// What lies before the looks of everybody is found by the next look from the beginning.
    @Test func whatLiesBeforeIsFoundFromTheBeginning() async throws {
        try await TestDatabase.with { client in
            let lane = try await client.lane()
            let worker = try await client.worker()
            try await client.enqueue(1, lane: lane)
            let store = JobStore(client: client)
            let now = try await client.query("SELECT jobs.now_us()").decodeFirst(Int64.self) ?? 0
            let later = now + 60_000_000
            var slots = SlotReader(windows: LaneWindows())
            try await store.turn(since: later)
            #expect(try await client.count("wake") == 1)
            try await store.turn()
            #expect(try await client.count("wake") == 0)
            func claim(_ since: Int64) async throws -> JobStore.Claimed {
                try await store.claim(.init(worker: worker, lanes: 1, most: 1, perLane: 1, lease: 60, since: since), slots: &slots)
            }
            #expect(try await claim(later).attempts.isEmpty)
            #expect(try await store.nextDue(since: later) == nil)
            let found = try await claim(0)
            #expect(found.attempts.count == 1)
            #expect(try #require(found.due) >= now)
        }
    }
}
