-- owner: jobs
-- The statements of the hot path always find their rows by an index: in batches of a few hundred keys that is right whatever the size of the
-- tables. The planner thinks otherwise when it believes a table to be small, and a plan is kept: one made while the tables were empty would
-- read all of them once a fleet has filled them, until the next ANALYZE. These settings hold for the length of a call, behind any pooler.
DO $$
DECLARE v_function regprocedure;
BEGIN
    FOR v_function IN SELECT oid FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace AND proname = ANY ('{
        enqueue, cancel, turn, next_due, claim, intend, give_back, refuse, finish, record_late, rescuable, rescue, place, carry, emit}')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', v_function);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', v_function);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', v_function);
    END LOOP;
END $$;
