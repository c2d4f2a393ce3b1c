-- owner: jobs
-- Durable jobs and runs. An envelope (job) is written once; where a job is now is one row in exactly one of ready, later and attempt; what
-- became of every attempt is one row in outcome. Leases, limits and retries use clock_timestamp(); only jobs.now() and jobs.wait are
-- business time.
--
-- While somebody holds a snapshot, nothing that dies can be removed, and a scan that begins among the dead visits all of them. So no scan of
-- the hot path begins at the beginning of a table whose rows come and go:
--  - marks, debits and attempts have ids that grow with time, and lanes are due at times: what is older than the oldest that was found lately
--    is looked for only now and then (p_since),
--  - each lane keeps where its ready jobs and its live attempts begin (pace.ready_low, pace.attempt_low),
--  - of a row that is written all the time, the newest version is found first (pace.version), and no unique index has only its old key: a
--    unique index visits every dead version at every write.
CREATE SCHEMA jobs;

-- Business time ---------------------------------------------------------------------------------------------------------------------------

-- No row: business time is real time. Rehearsals run it faster, tests stop it (speed 0).
CREATE TABLE jobs.clock (real_anchor timestamptz NOT NULL, business_anchor timestamptz NOT NULL, speed float8 NOT NULL CHECK (speed >= 0));
CREATE UNIQUE INDEX clock_one ON jobs.clock ((true));

-- Not in SQL: such a function, where it cannot be inlined, is planned anew by each statement that calls it, which took 0.1 ms.
CREATE FUNCTION jobs.now() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT business_anchor + (clock_timestamp() - real_anchor) * speed FROM jobs.clock), clock_timestamp());
END $$;

CREATE FUNCTION jobs.set_clock(p_business timestamptz, p_speed float8) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO jobs.clock VALUES (clock_timestamp(), p_business, p_speed)
        ON CONFLICT ((true)) DO UPDATE SET real_anchor = excluded.real_anchor, business_anchor = excluded.business_anchor,
            speed = excluded.speed;
END $$;

CREATE FUNCTION jobs.now_us() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT (extract(epoch
    FROM clock_timestamp()) * 1000000)::bigint $$;

-- Tables ----------------------------------------------------------------------------------------------------------------------------------

CREATE SEQUENCE jobs.id_seq;

-- 41 bits of milliseconds since 2024, 22 bits of sequence: the primary key is the partition key too.
CREATE FUNCTION jobs.new_id() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT (((extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1704067200000) << 22) | (nextval('jobs.id_seq') & 4194303) $$;
CREATE FUNCTION jobs.id_at(t timestamptz) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN ((extract(epoch FROM t) * 1000)::bigint - 1704067200000) << 22;
END $$;
CREATE FUNCTION jobs.id_time(id bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(((id >> 22) + 1704067200000) / 1000.0) $$;

-- The envelope: never updated, dropped by partition.
CREATE TABLE jobs.job (
    id bigint NOT NULL PRIMARY KEY,
    lane_id bigint NOT NULL,
    kind text NOT NULL,
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    max_attempts smallint NOT NULL,
    payload bytea NOT NULL
) PARTITION BY RANGE (id);
CREATE TABLE jobs.job_default PARTITION OF jobs.job DEFAULT;

-- Idempotency keys outlive partitions.
CREATE TABLE jobs.dedupe (scope text NOT NULL, k text NOT NULL, job_id bigint NOT NULL, expires_at timestamptz NOT NULL,
    PRIMARY KEY (scope, k));
CREATE INDEX dedupe_expiry ON jobs.dedupe (expires_at);

-- Due work only; narrow, insert and delete.
CREATE TABLE jobs.ready (job_id bigint PRIMARY KEY, lane_id bigint NOT NULL, priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    attempt smallint NOT NULL);
CREATE INDEX ready_fetch ON jobs.ready (lane_id, priority, job_id);

-- Future work: schedules, retries, postponements.
CREATE TABLE jobs.later (
    run_at timestamptz NOT NULL,
    job_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    priority smallint NOT NULL,
    attempt smallint NOT NULL,
    reason text,
    PRIMARY KEY (run_at, job_id)
);
CREATE UNIQUE INDEX later_job ON jobs.later (job_id);

-- One row per rate and concurrency key: what it may do. GCRA in microseconds; t_us 0 means no rate.
CREATE TABLE jobs.lane (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    t_us bigint NOT NULL CHECK (t_us >= 0),
    burst integer NOT NULL CHECK (burst >= 1),
    max_running integer NOT NULL CHECK (max_running >= 1),
    paused boolean NOT NULL DEFAULT false,
    paused_by text,
    paused_reason text,
    paused_at timestamptz
);

-- Where each lane stands, one row a lane: a timer wheel of keys. Whoever writes a row in the hot path has locked it in a statement before,
-- and counts version up.
CREATE TABLE jobs.pace (
    lane_id bigint NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    tat_us bigint NOT NULL DEFAULT 0,
    -- When to look again; NULL: nothing to do until a wake mark says so, or paused.
    next_us bigint,
    -- Stands still because of max_running, so that a finish wakes it.
    wait_cap boolean NOT NULL DEFAULT false,
    -- The burst right after the last penalty, and when that was; it grows back by the full burst a minute.
    penalty_burst integer,
    penalty_us bigint,
    -- Of each priority from 0 to 9, a job before which none is ready; NULL: none is ready at all, unless a mark says so.
    ready_low bigint[] NOT NULL DEFAULT array_fill(NULL::bigint, ARRAY[10]),
    -- No live attempt and no debit that has not been taken in has a smaller id.
    attempt_low bigint NOT NULL DEFAULT 0,
    debit_low bigint NOT NULL DEFAULT 0,
    -- The longest time for intents that a claim has asked for, fading within 40 s, and when that was.
    lead_us bigint NOT NULL DEFAULT 0,
    lead_at_us bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (lane_id, version)
) WITH (fillfactor = 70);
CREATE INDEX pace_due ON jobs.pace (next_us) WHERE next_us IS NOT NULL;

CREATE FUNCTION jobs.pace_lane() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO jobs.pace (lane_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER lane_has_pace AFTER INSERT ON jobs.lane FOR EACH ROW EXECUTE FUNCTION jobs.pace_lane();

-- Append-only marks, so that enqueueing never locks a lane. What has become ready is told with the first job of it: it may be before where
-- the lane begins.
CREATE TABLE jobs.wake (id bigint PRIMARY KEY DEFAULT jobs.new_id(), lane_id bigint NOT NULL, priority smallint, job_id bigint);

-- Append-only as well: throughput spent or given back outside claims (inbound messages, refusals), and penalties. Folded in by the next
-- claim.
CREATE TABLE jobs.debit (
    id bigint PRIMARY KEY DEFAULT jobs.new_id(),
    lane_id bigint NOT NULL,
    at_us bigint NOT NULL DEFAULT jobs.now_us(),
    tokens integer NOT NULL,
    penalty_us bigint,
    -- A token that goes back: the slot nothing was sent in.
    slot_us bigint
);
CREATE INDEX debit_lane ON jobs.debit (lane_id, id);

-- One row per live process, the only heartbeat.
CREATE TABLE jobs.worker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- Live attempts: the lease, and by its never reused id the fence.
CREATE TABLE jobs.attempt (
    attempt_id bigint PRIMARY KEY DEFAULT jobs.new_id(),
    job_id bigint NOT NULL UNIQUE,
    lane_id bigint NOT NULL,
    worker_id bigint NOT NULL,
    n smallint NOT NULL,
    priority smallint NOT NULL,
    kind text NOT NULL,
    -- 0 claimed, 1 intent written: it may be performed.
    phase smallint NOT NULL DEFAULT 0,
    -- 'A' at least once, 'M' at most once; known from the intent on.
    delivery "char",
    deadline_at timestamptz NOT NULL,
    -- When it may be performed, by the lane's rate: not before, and hardly later. NULL: no rate.
    slot_us bigint
) WITH (fillfactor = 45);
-- With the id as an expression, so that it serves no look-up by the id alone: once the table was analysed while almost empty, all indexes seem
-- equally cheap, and `attempt_id = ANY (...)` would be read from all of this one, with everything dead in it.
CREATE INDEX attempt_lane ON jobs.attempt (lane_id, (attempt_id + 0));

-- History, append-only. S done, R retry, X dead, U unknown, C cancelled or dropped, B back to ready, P postponed, D redriven.
CREATE TABLE jobs.outcome (
    attempt_id bigint NOT NULL,
    -- A second row of an attempt that had been rescued before its result came.
    late boolean NOT NULL DEFAULT false,
    job_id bigint NOT NULL,
    n smallint NOT NULL,
    result "char" NOT NULL,
    rescued boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    provider_id text,
    reason text,
    -- What the owner could not take over; kept for a person.
    unsettled bytea,
    PRIMARY KEY (attempt_id, late)
) PARTITION BY RANGE (attempt_id);
CREATE TABLE jobs.outcome_default PARTITION OF jobs.outcome DEFAULT;
CREATE INDEX outcome_job ON jobs.outcome (job_id);
CREATE INDEX outcome_unknown ON jobs.outcome (attempt_id) WHERE result = 'U';
CREATE INDEX outcome_unsettled ON jobs.outcome (attempt_id) WHERE unsettled IS NOT NULL;

-- Jobs that were given up; a redrive takes the row away.
CREATE TABLE jobs.dead (
    job_id bigint PRIMARY KEY,
    attempt_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text
);

-- The kill switch: one row.
CREATE TABLE jobs.control (one boolean PRIMARY KEY DEFAULT true CHECK (one), stopped boolean NOT NULL, by text, reason text,
    at timestamptz);
INSERT INTO jobs.control (stopped) VALUES (false);

-- Kinds of jobs that a person has paused. resumed: what was put aside of it is still being taken up again.
CREATE TABLE jobs.kind_pause (kind text PRIMARY KEY, by text NOT NULL, reason text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resumed boolean NOT NULL DEFAULT false);

CREATE TABLE jobs.counter (name text PRIMARY KEY, value bigint NOT NULL);

ALTER TABLE jobs.ready SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000);
ALTER TABLE jobs.attempt SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE jobs.pace SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE jobs.wake SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

-- Enqueue and cancel ----------------------------------------------------------------------------------------------------------------------

-- Ids in the order given; NULL for a duplicate. Takes no lock but those of the dedupe keys, in their order.
CREATE FUNCTION jobs.enqueue(
    p_lane bigint[], p_kind text[], p_payload bytea[], p_priority smallint[], p_max smallint[], p_run_at timestamptz[],
    p_scope text[], p_key text[], p_keep float8[]
) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_ids bigint[];
BEGIN
    SELECT array_agg(s.id ORDER BY s.ord) INTO v_ids
      FROM (SELECT jobs.new_id() AS id, o.ord FROM (SELECT ord FROM generate_subscripts(p_lane, 1) ord ORDER BY ord) o) s;
    IF v_ids IS NULL THEN RETURN '{}'; END IF;
    IF EXISTS (SELECT FROM unnest(p_scope) s WHERE s IS NOT NULL) THEN
        WITH want AS (
            SELECT DISTINCT ON (u.scope, u.k) u.scope, u.k, u.keep, u.id, u.ord
              FROM unnest(p_scope, p_key, p_keep, v_ids) WITH ORDINALITY u(scope, k, keep, id, ord)
             WHERE u.scope IS NOT NULL ORDER BY u.scope, u.k, u.ord),
        won AS (
            INSERT INTO jobs.dedupe AS d (scope, k, job_id, expires_at)
            SELECT scope, k, id, clock_timestamp() + make_interval(secs => keep) FROM want ORDER BY scope, k
            ON CONFLICT (scope, k) DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at
                WHERE d.expires_at <= clock_timestamp()
            RETURNING d.job_id)
        SELECT array_agg(CASE WHEN u.scope IS NULL OR EXISTS (SELECT FROM won WHERE won.job_id = u.id) THEN u.id
            END ORDER BY u.ord) INTO v_ids
          FROM unnest(p_scope, v_ids) WITH ORDINALITY u(scope, id, ord);
    END IF;
    WITH j AS (
        INSERT INTO jobs.job (id, lane_id, kind, payload, priority, max_attempts)
        SELECT id, lane, kind, payload, priority, most
          FROM unnest(v_ids, p_lane, p_kind, p_payload, p_priority, p_max) u(id, lane, kind, payload, priority, most)
         WHERE id IS NOT NULL),
    l AS (
        INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt)
        SELECT run_at, id, lane, priority, 1 FROM unnest(v_ids, p_lane, p_priority, p_run_at) u(id, lane, priority, run_at)
         WHERE id IS NOT NULL AND run_at > clock_timestamp() RETURNING job_id),
    r AS (
        INSERT INTO jobs.ready (job_id, lane_id, priority, attempt)
        SELECT id, lane, priority, 1 FROM unnest(v_ids, p_lane, p_priority) u(id, lane, priority)
         WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM l WHERE l.job_id = u.id) RETURNING lane_id, priority, job_id)
    INSERT INTO jobs.wake (lane_id, priority, job_id) SELECT lane_id, priority, min(job_id) FROM r GROUP BY lane_id, priority;
    RETURN v_ids;
END $$;

-- Follows a job that moves while we look: later, ready and attempt are asked in the order in which jobs move, more than once. An attempt
-- whose row is locked is just being begun or ended and counts as begun: whoever holds it may wait for locks of our caller.
CREATE FUNCTION jobs.cancel(p_ids bigint[], p_reason text) RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_left bigint[] := p_ids; v_gone bigint[]; v_pass int;
BEGIN
    FOR v_pass IN 1..3 LOOP
        v_gone := '{}';
        WITH d AS (DELETE FROM jobs.later WHERE job_id = ANY (ARRAY(
                SELECT job_id FROM jobs.later WHERE job_id = ANY(v_left) ORDER BY job_id FOR UPDATE)) RETURNING job_id, attempt),
        o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason) SELECT jobs.new_id(), job_id, attempt, 'C', p_reason FROM d)
        SELECT v_gone || coalesce(array_agg(job_id), '{}') INTO v_gone FROM d;
        WITH d AS (DELETE FROM jobs.ready WHERE job_id = ANY (ARRAY(
                SELECT job_id FROM jobs.ready WHERE job_id = ANY(v_left) ORDER BY job_id FOR UPDATE)) RETURNING job_id, attempt),
        o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason) SELECT jobs.new_id(), job_id, attempt, 'C', p_reason FROM d)
        SELECT v_gone || coalesce(array_agg(job_id), '{}') INTO v_gone FROM d;
        WITH d AS (DELETE FROM jobs.attempt WHERE attempt_id = ANY (ARRAY(
                SELECT attempt_id FROM jobs.attempt WHERE job_id = ANY(v_left) AND phase = 0 ORDER BY attempt_id
                    FOR UPDATE SKIP LOCKED))
                RETURNING attempt_id, job_id, lane_id, n, slot_us),
        o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason) SELECT attempt_id, job_id, n, 'C', p_reason FROM d),
        b AS (INSERT INTO jobs.debit (lane_id, tokens, slot_us) SELECT lane_id, -1, slot_us FROM d WHERE slot_us IS NOT NULL),
        w AS (INSERT INTO jobs.wake (lane_id) SELECT DISTINCT lane_id FROM d)
        SELECT v_gone || coalesce(array_agg(job_id), '{}') INTO v_gone FROM d;
        RETURN QUERY SELECT unnest(v_gone);
        SELECT array_agg(i) INTO v_left FROM unnest(v_left) i WHERE i <> ALL (v_gone);
        -- What is left has ended, or has its intent written; only what a retry may have put back is worth another pass.
        EXIT WHEN v_left IS NULL OR NOT EXISTS (
            SELECT FROM jobs.later WHERE job_id = ANY(v_left) UNION ALL SELECT FROM jobs.ready WHERE job_id = ANY(v_left));
    END LOOP;
END $$;
