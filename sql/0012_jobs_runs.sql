-- owner: jobs
-- Durable runs: the state of a run, its checkpoints, events and waits.

-- Runs ------------------------------------------------------------------------------------------------------------------------------------

-- A durable run. job_id is the one job that carries it now; NULL while it waits or is over. Whoever writes here locks the run's row first.
CREATE TABLE jobs.run (
    id text PRIMARY KEY,
    workflow text NOT NULL,
    version integer NOT NULL,
    input bytea NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'waiting', 'done', 'failed', 'cancelled')),
    job_id bigint,
    failed_code text,
    failed_reason text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 80);
CREATE INDEX run_list ON jobs.run (workflow, state, id);

-- Checkpoints. An output of NULL is an intent: the call was begun and its result is not known.
CREATE TABLE jobs.step (
    run_id text NOT NULL,
    name text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    output bytea,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, name)
);

-- The first emit of a name counts.
CREATE TABLE jobs.event (
    run_id text NOT NULL,
    name text NOT NULL,
    payload bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, name)
);

-- until is business time; NULL waits for ever.
CREATE TABLE jobs.wait (run_id text PRIMARY KEY, name text NOT NULL, until timestamptz);
CREATE INDEX wait_until ON jobs.wait (until) WHERE until IS NOT NULL;

INSERT INTO jobs.lane (key, t_us, burst, max_running) VALUES ('workflow', 0, 1, 64);

-- Makes the job that carries runs whose rows the caller has locked.
CREATE FUNCTION jobs.carry(p_runs text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_n int := coalesce(array_length(p_runs, 1), 0); v_lane bigint; v_ids bigint[];
BEGIN
    IF v_n = 0 THEN RETURN; END IF;
    SELECT id INTO v_lane FROM jobs.lane WHERE key = 'workflow';
    SELECT jobs.enqueue(array_fill(v_lane, ARRAY[v_n]), array_fill('workflow'::text, ARRAY[v_n]), array_agg(convert_to(r,
        'UTF8') ORDER BY ord),
            array_fill(4::smallint, ARRAY[v_n]), array_fill(5::smallint, ARRAY[v_n]), array_fill(NULL::timestamptz, ARRAY[v_n]),
            array_fill(NULL::text, ARRAY[v_n]), array_fill(NULL::text, ARRAY[v_n]), array_fill(NULL::float8, ARRAY[v_n]))
      INTO v_ids FROM unnest(p_runs) WITH ORDINALITY u(r, ord);
    UPDATE jobs.run SET state = 'running', job_id = u.job, failed_code = NULL, failed_reason = NULL, updated_at = clock_timestamp()
      FROM unnest(p_runs, v_ids) u(r, job) WHERE id = u.r;
    DELETE FROM jobs.wait WHERE run_id = ANY(p_runs);
END $$;

CREATE FUNCTION jobs.start_run(p_id text, p_workflow text, p_version int, p_input bytea) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO jobs.run (id, workflow, version, input) VALUES (p_id, p_workflow, p_version, p_input) ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM jobs.carry(ARRAY[p_id]);
    RETURN true;
END $$;

CREATE FUNCTION jobs.emit(p_run text, p_name text, p_payload bytea) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_state text;
BEGIN
    SELECT state INTO v_state FROM jobs.run WHERE id = p_run FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    INSERT INTO jobs.event (run_id, name, payload) VALUES (p_run, p_name, p_payload) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN RETURN false; END IF;
    IF v_state = 'waiting' AND EXISTS (SELECT FROM jobs.wait WHERE run_id = p_run AND name = p_name) THEN
        PERFORM jobs.carry(ARRAY[p_run]);
    END IF;
    RETURN true;
END $$;

-- Wakes runs whose business deadline has come.
CREATE FUNCTION jobs.wake_runs(p_max int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_runs text[];
BEGIN
    IF NOT EXISTS (SELECT FROM jobs.wait WHERE until <= jobs.now()) THEN RETURN 0; END IF;
    SELECT array_agg(id) INTO v_runs FROM (
        SELECT r.id FROM jobs.wait w JOIN jobs.run r ON r.id = w.run_id
         WHERE w.until <= jobs.now() AND r.state = 'waiting' ORDER BY w.until LIMIT p_max FOR NO KEY UPDATE OF r SKIP LOCKED) s;
    IF v_runs IS NULL THEN RETURN 0; END IF;
    -- An event may have woken one before we had its lock.
    SELECT array_agg(id) INTO v_runs FROM jobs.run r JOIN jobs.wait w ON w.run_id = r.id WHERE r.id = ANY(v_runs) AND r.state = 'waiting';
    PERFORM jobs.carry(v_runs);
    RETURN coalesce(array_length(v_runs, 1), 0);
END $$;

CREATE FUNCTION jobs.cancel_run(p_id text, p_reason text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_job bigint; v_state text;
BEGIN
    SELECT job_id, state INTO v_job, v_state FROM jobs.run WHERE id = p_id FOR NO KEY UPDATE;
    IF NOT FOUND OR v_state IN ('done', 'cancelled') THEN RETURN false; END IF;
    UPDATE jobs.run SET state = 'cancelled', job_id = NULL, failed_code = 'cancelled', failed_reason = p_reason,
        updated_at = clock_timestamp()
     WHERE id = p_id;
    DELETE FROM jobs.wait WHERE run_id = p_id;
    IF v_job IS NOT NULL THEN PERFORM jobs.cancel(ARRAY[v_job], p_reason); END IF;
    RETURN true;
END $$;

CREATE FUNCTION jobs.resume_run(p_id text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_job bigint;
BEGIN
    SELECT job_id INTO v_job FROM jobs.run WHERE id = p_id AND state = 'failed' FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM jobs.dead WHERE job_id = v_job;
    PERFORM jobs.carry(ARRAY[p_id]);
    RETURN true;
END $$;

-- Everything that has become due, in one call: later jobs, waits, wake marks. What was due before p_since_us, in microseconds since 1970, is
-- not looked for; returns when the first it has found was due, or now.
-- Not waiting for the disk: what a crash of the server takes back is due again, and whatever was built on it is committed after it.
CREATE FUNCTION jobs.turn(p_max int, p_since_us bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_first bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    v_first := jobs.promote(p_max, p_since_us);
    PERFORM jobs.wake_runs(p_max);
    RETURN least(v_first, jobs.sweep(p_max, p_since_us));
END $$;

-- Seconds until something that is known becomes due; NULL when nothing is. What was due before p_since_us is not looked for.
CREATE FUNCTION jobs.next_due(p_since_us bigint DEFAULT 0) RETURNS float8 LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT least(
        ((SELECT min(next_us) FROM jobs.pace WHERE next_us IS NOT NULL AND next_us >= p_since_us) - jobs.now_us()) / 1e6,
        extract(epoch FROM (SELECT min(run_at) FROM jobs.later WHERE run_at >= to_timestamp(p_since_us / 1e6)
            AND run_at < 'infinity') - clock_timestamp())::float8,
        extract(epoch FROM (SELECT min(until) FROM jobs.wait WHERE until IS NOT NULL) - jobs.now())::float8
            / nullif((SELECT coalesce((SELECT speed FROM jobs.clock), 1)), 0))
     WHERE NOT EXISTS (SELECT FROM jobs.control WHERE stopped));
END $$;
