-- owner: jobs
-- Spends tokens of a lane that has a rate, outside the queue. Locks no lane.
CREATE FUNCTION jobs.spend(p_key text, p_tokens int) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO jobs.debit (lane_id, tokens) SELECT id, p_tokens FROM jobs.lane WHERE key = p_key AND t_us > 0;
END $$;

-- The statements of the hot path find their rows by an index, whatever the size of the tables: they are asked for a few hundred keys at a
-- time. The planner thinks otherwise of a table it believes to be small, and its plan is kept: one made while the tables were empty would
-- read all of them once a fleet has filled them, until the next ANALYZE. The setting holds for the length of a call, behind any pooler.
-- Plain index scans also mark the entries of dead rows, which the next one then passes over; bitmap scans fetch them all again, and in a
-- busy table that was 400 pages for 8 live rows.
-- One plan for all calls: with arrays of one key the planner finds that planning anew each time pays, and it takes longer than the call.
-- It leaves whole index scans, so every statement also names the keys of each large table by itself (= ANY), beside what joins it.
DO $$
DECLARE v_function regprocedure;
BEGIN
    FOR v_function IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace AND proname = ANY ('{
        enqueue, cancel, turn, next_due, claim, intend, give_back, refuse, finish, record_late, rescuable, rescue, place, carry, emit, spend}')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', v_function);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', v_function);
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', v_function);
    END LOOP;
END $$;
