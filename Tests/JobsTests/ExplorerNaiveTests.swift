import Testing

@testable import Jobs

/// The obvious ways to write the engine, which are wrong: the explorer must find out about each, or it proves nothing.
@Suite struct ExplorerNaiveTests {
    private func violation(_ scenario: Explorer.Scenario, replaced sql: String, insideStatements: Bool) async throws -> String {
        var scenario = scenario
        scenario.replaced = [sql]
        return try await Explorer(insideStatements: insideStatements, mostSwitches: 2).explore(scenario).violations.first?.description ?? ""
    }

    /// Counts and claims in one statement. A claim that waits for the lane counts with the snapshot from before.
    @Test func claimInOneStatementBreaksTheCap() async throws {
        let found = try await violation(Self.claims, replaced: Self.claim(waiting: true), insideStatements: false)
        #expect(found.contains("cap: 4 run, 2 may"), "\(found)")
    }

    /// The same with SKIP LOCKED: nobody waits, and it takes a commit between its snapshot and its lock.
    @Test func claimInOneStatementThatSkipsLocksBreaksTheCap() async throws {
        let harmless = try await violation(Self.claims, replaced: Self.claim(waiting: false), insideStatements: false)
        #expect(harmless.isEmpty, "\(harmless)")
        let found = try await violation(Self.claims, replaced: Self.claim(waiting: false), insideStatements: true)
        #expect(found.contains("cap: 4 run, 2 may"), "\(found)")
    }

    /// Drops a mark while a claim in flight is about to put the lane to sleep.
    @Test func sweepInOneStatementStrandsAJob() async throws {
        let found = try await violation(.wakeDuringAClaim, replaced: Self.sweep, insideStatements: false)
        #expect(found.contains("stranded"), "\(found)")
    }

    /// Asks first and moves later, without a look at who moved meanwhile.
    @Test func intentWithoutItsFenceSendsTwice() async throws {
        let scenario = try #require(Explorer.Scenario.all.first { $0.name == "cancel, perform" })
        let found = try await violation(scenario, replaced: Self.intend, insideStatements: false)
        #expect(found.contains("may have been performed ended as C"), "\(found)")
    }

    /// The scenario of two claims, with the wrong one.
    private static let claims = Explorer.Scenario(
        name: "claim, claim: in one statement", setUp: Explorer.Scenario.twoClaimsUnderACap.setUp,
        sessions: ["A", "B"].map { ExplorerScript($0, ExplorerScript.claimed($0).replacing("jobs.claim", with: "test.claim")) })

    private static func claim(waiting: Bool) -> String {
        """
        CREATE FUNCTION test.claim(p_worker bigint, p_lanes int, p_max int, p_lane_max int, p_lease float8)
        RETURNS TABLE (attempt_id bigint, job_id bigint, slot_us bigint)
        LANGUAGE sql VOLATILE AS $$
            WITH l AS MATERIALIZED (SELECT * FROM jobs.pace WHERE next_us <= jobs.now_us() AND next_us IS NOT NULL ORDER BY next_us
                    LIMIT p_lanes FOR NO KEY UPDATE \(waiting ? "" : "SKIP LOCKED")),
            g AS (SELECT n.id, least(p_max, greatest(0,
                    n.max_running - (SELECT count(*) FROM jobs.attempt a WHERE a.lane_id = n.id)))::int AS n
                  FROM l JOIN jobs.lane n ON n.id = l.lane_id),
            pick AS (SELECT p.job_id FROM g CROSS JOIN LATERAL (
                SELECT r.job_id FROM jobs.ready r WHERE r.lane_id = g.id ORDER BY priority, job_id LIMIT g.n FOR UPDATE SKIP LOCKED) p),
            gone AS (DELETE FROM jobs.ready r WHERE r.job_id = ANY (ARRAY(SELECT job_id FROM pick)) RETURNING r.*),
            begun AS (
                INSERT INTO jobs.attempt (job_id, lane_id, worker_id, n, priority, kind, deadline_at)
                SELECT job_id, lane_id, p_worker, attempt, priority, 'test', clock_timestamp() + interval '1 minute' FROM gone RETURNING *),
            up AS (UPDATE jobs.pace l SET next_us = jobs.now_us() FROM g WHERE l.lane_id = g.id RETURNING 1)
            SELECT attempt_id, job_id, NULL::bigint FROM begun $$
        """
    }

    private static let sweep = """
        CREATE OR REPLACE FUNCTION jobs.sweep(p_max int, p_since_us bigint DEFAULT 0) RETURNS bigint LANGUAGE sql VOLATILE AS $$
            WITH d AS (DELETE FROM jobs.wake w USING (SELECT id FROM jobs.wake ORDER BY id LIMIT p_max FOR UPDATE SKIP LOCKED) s
                    WHERE w.id = s.id RETURNING w.lane_id),
            k AS (SELECT DISTINCT lane_id FROM d ORDER BY lane_id),
            u AS (UPDATE jobs.pace l SET next_us = 0, wait_cap = false, ready_low = array_fill(0::bigint, ARRAY[10]) FROM k
                WHERE l.lane_id = k.lane_id AND (l.next_us IS NULL OR l.wait_cap) RETURNING 1)
            SELECT count(*) FROM d $$
        """

    private static let intend = """
        CREATE OR REPLACE FUNCTION jobs.intend(p_worker bigint, p_ids bigint[], p_delivery text, p_lease float8) RETURNS SETOF bigint
        LANGUAGE plpgsql VOLATILE AS $$
        DECLARE v_ids bigint[];
        BEGIN
            SELECT array_agg(attempt_id) INTO v_ids FROM jobs.attempt WHERE attempt_id = ANY(p_ids) AND phase = 0;
            UPDATE jobs.attempt SET phase = 1, delivery = 'M' WHERE attempt_id = ANY(v_ids);
            RETURN QUERY SELECT unnest(v_ids);
        END $$
        """
}
