-- owner: jobs
-- What an engine does with a job: bring it to its lane, claim it, write its intent, end it, rescue it. Each function is one transaction.
-- PL/pgSQL keeps the plans of its statements for the session; the body of an SQL function is planned anew at every call.

-- Moving work to its lane -----------------------------------------------------------------------------------------------------------------

-- Times in and out are microseconds since 1970. Returns when the first job it has found was due, or now.
CREATE FUNCTION jobs.promote(p_max int, p_since_us bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_first timestamptz;
BEGIN
    WITH d AS (
        -- Not clock_timestamp(): an index is of no use for what may change from row to row.
        DELETE FROM jobs.later WHERE job_id = ANY (ARRAY(
            SELECT job_id FROM jobs.later WHERE run_at <= statement_timestamp() AND run_at >= to_timestamp(p_since_us / 1e6)
             ORDER BY run_at LIMIT p_max FOR UPDATE SKIP LOCKED))
        RETURNING *),
    r AS (INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT job_id, lane_id, priority, attempt FROM d
          RETURNING lane_id, priority, job_id),
    w AS (INSERT INTO jobs.wake (lane_id, priority, job_id) SELECT lane_id, priority, min(job_id) FROM r GROUP BY lane_id, priority)
    SELECT min(run_at) INTO v_first FROM d;
    RETURN (extract(epoch FROM coalesce(v_first, statement_timestamp())) * 1000000)::bigint;
END $$;

-- Turns marks into due lanes. Lanes are locked first, marks of lanes we cannot lock stay, and next_us is looked at in a later statement: in
-- one statement, a mark would be dropped while a claim in flight writes next_us = NULL, and its jobs would be stranded. Returns when
-- the first mark it has found was made, or now.
CREATE FUNCTION jobs.sweep(p_max int, p_since_us bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_marks bigint[]; v_wanted bigint[]; v_lanes bigint[]; v_first bigint;
BEGIN
    SELECT array_agg(id ORDER BY id), array_agg(DISTINCT lane_id) INTO v_marks, v_wanted
      FROM (SELECT id, lane_id FROM jobs.wake WHERE id >= jobs.id_at(to_timestamp(p_since_us / 1e6)) ORDER BY id LIMIT p_max
                FOR UPDATE SKIP LOCKED) s;
    v_first := (extract(epoch FROM coalesce(jobs.id_time(v_marks[1]), statement_timestamp())) * 1000000)::bigint;
    IF v_marks IS NULL THEN RETURN v_first; END IF;
    SELECT array_agg(p.lane_id) INTO v_lanes
      FROM unnest(v_wanted) u(id) CROSS JOIN LATERAL (
           SELECT lane_id FROM jobs.pace WHERE lane_id = u.id ORDER BY version DESC LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) p;
    IF v_lanes IS NULL THEN RETURN v_first; END IF;
    WITH first AS MATERIALIZED (
        SELECT lane_id, priority, min(job_id) AS job_id FROM jobs.wake WHERE id = ANY(v_marks) AND lane_id = ANY(v_lanes)
         GROUP BY lane_id, priority),
    fresh AS MATERIALIZED (
        SELECT p.lane_id, p.place, p.next_us, p.wait_cap, p.ready_low, l.paused,
               -- least() passes over NULL: what either of them knows.
               ARRAY(SELECT least(u.low, f.job_id) FROM unnest(p.ready_low) WITH ORDINALITY u(low, place)
                       LEFT JOIN first f ON f.lane_id = p.lane_id AND f.priority = u.place - 1 ORDER BY u.place) AS low
          FROM unnest(v_lanes) x(id) JOIN jobs.lane l ON l.id = x.id AND l.id = ANY(v_lanes)
         CROSS JOIN LATERAL (SELECT ctid AS place, * FROM jobs.pace WHERE lane_id = x.id ORDER BY version DESC LIMIT 1) p)
    UPDATE jobs.pace p SET
        version = p.version + 1, ready_low = f.low, wait_cap = false,
        next_us = CASE WHEN f.paused THEN NULL WHEN f.next_us IS NULL OR f.wait_cap THEN jobs.now_us() ELSE f.next_us END
      FROM fresh f
     -- By its place, which is fixed as long as we hold its lock: by its lane, every dead version would be visited. And not by the index
     -- that has its lane, whatever it costs: + 0.
     WHERE p.ctid = ANY (ARRAY(SELECT place FROM fresh)) AND p.lane_id + 0 = f.lane_id
       AND (f.wait_cap OR f.next_us IS NULL AND NOT f.paused OR f.low IS DISTINCT FROM f.ready_low);
    DELETE FROM jobs.wake WHERE id = ANY(v_marks) AND lane_id = ANY(v_lanes);
    RETURN v_first;
END $$;

-- The burst in force: halved by a penalty, growing back by a fixed amount a second.
CREATE FUNCTION jobs.burst_now(p_burst int, p_low int, p_since_us bigint, p_now_us bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_since_us IS NULL THEN p_burst
                ELSE greatest(1, least(p_burst, p_low + greatest(0, p_now_us - p_since_us) * p_burst / 60000000)) END $$;

-- Takes debits into the state of lanes the caller has locked, as if each had been taken at its own time. A debt is capped at 5 s past the
-- burst, so that a storm of inbound messages slows a number down and does not stop it; penalties of one moment count once. Tokens go back
-- only from the end of what was dealt out: a slot before that has later ones after it already, and dealing it out again would put two
-- sends where there is room for one.
CREATE FUNCTION jobs.fold_debits(p_lanes bigint[], p_low bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM unnest(p_lanes, p_low) x(lane, low) CROSS JOIN LATERAL (
            -- A comparison of rows, here and below: only an index of both columns can answer it. Asked for each column by itself, the planner
            -- may take the index of the second one, for a table it believes to hold little else. LIMIT keeps it from being joined.
            SELECT FROM jobs.debit d WHERE (d.lane_id, d.id) >= (x.lane, x.low) AND d.lane_id <= x.lane LIMIT 1) y)
    THEN RETURN; END IF;
    WITH d AS (
        DELETE FROM jobs.debit WHERE id = ANY (ARRAY(
            SELECT y.id FROM unnest(p_lanes, p_low) x(lane, low)
             CROSS JOIN LATERAL (
                   SELECT d.id FROM jobs.debit d WHERE (d.lane_id, d.id) >= (x.lane, x.low) AND d.lane_id <= x.lane OFFSET 0) y)) RETURNING *),
    stand AS MATERIALIZED (
        SELECT l.id, l.t_us, l.burst, p.place, p.tat_us, p.penalty_burst, p.penalty_us
          FROM (SELECT DISTINCT lane_id FROM d) y JOIN jobs.lane l ON l.id = y.lane_id AND l.id = ANY(p_lanes)
         CROSS JOIN LATERAL (SELECT ctid AS place, * FROM jobs.pace WHERE lane_id = y.lane_id ORDER BY version DESC LIMIT 1) p),
    back AS (
        SELECT r.lane_id, count(*) AS k
          FROM (SELECT d.lane_id, d.slot_us, row_number() OVER (PARTITION BY d.lane_id ORDER BY d.slot_us DESC) AS rn
                  FROM d WHERE d.slot_us IS NOT NULL) r
          JOIN stand l ON l.id = r.lane_id AND r.slot_us = l.tat_us - r.rn * l.t_us GROUP BY r.lane_id),
    s AS (SELECT d.*, sum(tokens) OVER (PARTITION BY lane_id ORDER BY at_us DESC, id DESC) AS suffix FROM d WHERE slot_us IS NULL),
    f AS (
        SELECT s.lane_id, sum(s.tokens) AS total, max(s.at_us) AS newest, max(s.at_us + s.suffix * l.t_us) AS reached,
               max(s.at_us + s.penalty_us) AS pushed, max(s.at_us) FILTER (WHERE s.penalty_us IS NOT NULL) AS penalty_at
          FROM s JOIN stand l ON l.id = s.lane_id GROUP BY s.lane_id),
    x AS (
        SELECT l.id, l.place, l.t_us, l.burst, l.penalty_burst, l.penalty_us, l.tat_us - coalesce(b.k, 0) * l.t_us AS tat_us,
               f.total, f.newest, f.reached, f.pushed, f.penalty_at
          FROM stand l LEFT JOIN f ON f.lane_id = l.id LEFT JOIN back b ON b.lane_id = l.id)
    UPDATE jobs.pace p SET
        version = p.version + 1,
        tat_us = greatest(
            CASE WHEN coalesce(x.total, 0) <= 0 THEN x.tat_us
                 ELSE greatest(x.tat_us, least(greatest(x.tat_us + x.total * x.t_us, x.reached), x.newest + x.burst * x.t_us + 5000000))
                     END,
            -- A penalty lets nothing through before its end, whatever the burst.
            x.pushed + x.burst * x.t_us),
        penalty_burst = CASE WHEN x.penalty_at - coalesce(x.penalty_us, 0) >= 1000000
            THEN greatest(1, jobs.burst_now(x.burst, x.penalty_burst, x.penalty_us, x.penalty_at) / 2) ELSE x.penalty_burst END,
        penalty_us = CASE WHEN x.penalty_at - coalesce(x.penalty_us, 0) >= 1000000 THEN x.penalty_at ELSE x.penalty_us END
      FROM x WHERE p.ctid = ANY (ARRAY(SELECT place FROM x)) AND p.lane_id + 0 = x.id;
END $$;

-- Claim: the first statement locks lanes, the second runs on a fresh snapshot and so sees what those who held the lanes before us have
-- committed. In one statement the count would be older than the lock, and the cap would be broken.
--
-- Of a lane with a rate, each attempt gets a slot: the burst is how far ahead slots are dealt out, and they lie one interval apart. Every slot
-- leaves the caller p_lead for its intent, because a slot that is missed is lost; or as much more as another one asked for lately. If each had
-- its own, the one with the longest would take slots that lie too far ahead for the others, and pass over those between theirs and its own.
-- Of a lane at rest, the first may be used before its time (early), since nothing lies before it; one alone has none that it could miss, since
-- nothing lies behind it either.
--
-- due_us is when the first of the lanes was due: what was due earlier and not found is looked for again by a call without p_since_us.
CREATE FUNCTION jobs.claim(
    p_worker bigint, p_lanes int, p_max int, p_lane_max int, p_lease float8, p_lead_us bigint DEFAULT 0, p_since_us bigint DEFAULT 0
) RETURNS TABLE (attempt_id bigint, job_id bigint, lane_id bigint, lane_key text, kind text, n smallint, payload bytea, priority smallint,
                 max_attempts smallint, slot_us bigint, t_us bigint, early boolean, now_us bigint, due_us bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE v_now bigint := jobs.now_us(); v_lanes bigint[]; v_low bigint[]; v_due bigint; v_most bigint; v_paused text[];
    v_debit_low bigint;
BEGIN
    IF EXISTS (SELECT FROM jobs.control WHERE stopped) OR jobs.timeline_moved() THEN RETURN; END IF;
    -- A claim that a crash of the server takes back is one that nothing has been done with: the intent, without which nothing is performed,
    -- is committed after it and waits for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    -- Before any lane is locked: a resume is waited for here. It in turn waits for the claims that still put jobs aside.
    SELECT coalesce(array_agg(k.kind), '{}') INTO v_paused FROM (SELECT kind FROM jobs.kind_pause WHERE NOT resumed FOR SHARE) k;
    -- No more lanes than there is room to serve, eight jobs each.
    v_most := least(p_lanes, (p_max + 7) / 8);
    SELECT array_agg(s.lane_id), array_agg(s.debit_low), min(s.next_us) INTO v_lanes, v_low, v_due FROM (
        SELECT lane_id, debit_low, next_us FROM jobs.pace WHERE next_us <= v_now AND next_us >= p_since_us AND next_us IS NOT NULL
         ORDER BY next_us LIMIT v_most FOR NO KEY UPDATE SKIP LOCKED) s;
    IF v_lanes IS NULL THEN RETURN; END IF;
    -- What is committed later than half a minute after its id was made is passed over. By the time before the debits are taken in, not after:
    -- what comes meanwhile is for the next claim.
    v_debit_low := jobs.id_at(clock_timestamp() - interval '30 seconds');
    PERFORM jobs.fold_debits(v_lanes, v_low);
    v_now := jobs.now_us();
    RETURN QUERY
    WITH state AS MATERIALIZED (
        SELECT l.id, l.key, l.t_us, l.paused, p.place, p.tat_us, p.next_us, p.ready_low, p.attempt_low, b.burst, a.oldest,
               p.lead_us, p.lead_at_us, d.lead,
               CASE WHEN l.t_us > 0 THEN greatest(p.tat_us, v_now + d.lead) END AS first_us,
               CASE WHEN l.t_us = 0 THEN CASE WHEN p.tat_us <= v_now THEN 1000000 ELSE 0 END
                    ELSE greatest(0, (v_now + d.lead + b.burst * l.t_us - greatest(v_now + d.lead, p.tat_us)) / l.t_us) END AS tokens,
               greatest(0, l.max_running - a.n) AS room
          FROM unnest(v_lanes) x(id) JOIN jobs.lane l ON l.id = x.id AND l.id = ANY(v_lanes)
         CROSS JOIN LATERAL (SELECT ctid AS place, * FROM jobs.pace WHERE lane_id = x.id ORDER BY version DESC LIMIT 1) p
         CROSS JOIN LATERAL (SELECT jobs.burst_now(l.burst, p.penalty_burst, p.penalty_us, v_now) AS burst) b
         CROSS JOIN LATERAL (
               -- By whole seconds: a lane that is due by it would else find a little less.
               SELECT greatest(p_lead_us, p.lead_us - least(40, greatest(0, v_now - p.lead_at_us) / 1000000) * p.lead_us / 40) AS lead) d
         CROSS JOIN LATERAL (
               SELECT count(*) AS n, min(a.attempt_id) AS oldest FROM jobs.attempt a
                WHERE (a.lane_id, a.attempt_id + 0) >= (x.id, p.attempt_low) AND a.lane_id <= x.id) a),
    depth AS MATERIALIZED (
        SELECT s.*, x.most, d.seen, d.low
          FROM state s CROSS JOIN LATERAL (
               SELECT CASE WHEN s.paused THEN 0
                    -- Few slots at once, unless more than half of the burst is left over: each of several processes is to have some in every half
                    -- second, see LaneWindow.
                    ELSE least(s.tokens, s.room, p_lane_max,
                         CASE WHEN s.t_us > 0 THEN greatest(32, 32000 / s.t_us, s.tokens - s.burst / 2) END) END AS most) x
          CROSS JOIN LATERAL (
               SELECT coalesce(sum(q.n), 0)::bigint AS seen, array_agg(q.low ORDER BY u.place) AS low
                 FROM unnest(s.ready_low) WITH ORDINALITY u(low, place)
                CROSS JOIN LATERAL (
                      SELECT count(*) AS n, min(y.job_id) AS low FROM (
                          SELECT r.job_id FROM jobs.ready r
                           WHERE u.low IS NOT NULL AND r.lane_id = s.id AND r.priority <= (u.place - 1)::smallint
                             AND (r.priority, r.job_id) >= ((u.place - 1)::smallint, u.low)
                           ORDER BY r.priority, r.job_id LIMIT x.most + 1) y) q) d),
    share AS MATERIALIZED (
        SELECT d.*, w.want, greatest(0, least(w.want, p_max - (sum(w.want) OVER (ORDER BY d.next_us, d.id) - w.want)))::bigint AS n
          FROM depth d CROSS JOIN LATERAL (SELECT least(d.most, d.seen) AS want) w),
    -- Priority after priority, because a nested loop keeps the order of its outer side.
    pick AS MATERIALIZED (
        SELECT p.job_id FROM share s CROSS JOIN LATERAL (
            SELECT y.job_id FROM unnest(s.low) WITH ORDINALITY u(low, place) CROSS JOIN LATERAL (
                SELECT r.job_id FROM jobs.ready r
                 WHERE u.low IS NOT NULL AND r.lane_id = s.id AND r.priority <= (u.place - 1)::smallint
                   AND (r.priority, r.job_id) >= ((u.place - 1)::smallint, u.low)
                 ORDER BY r.priority, r.job_id LIMIT s.n FOR UPDATE SKIP LOCKED) y LIMIT s.n) p),
    gone AS (DELETE FROM jobs.ready r WHERE r.job_id = ANY (ARRAY(SELECT job_id FROM pick)) RETURNING r.*),
    -- Each is looked up once: what follows is small, and is joined, not searched. A full join, because that is never a nested loop: the
    -- planner expects ten rows, and comparing each with each took 6 of the 10 ms of a claim of 149, and 40 of 58 of one of 543. A job whose
    -- envelope is gone has no kind: it is given up below, for it would else stop the claims of everybody.
    envelope AS MATERIALIZED (
        SELECT g.job_id, g.lane_id, g.attempt AS n, g.priority, j.kind, j.payload, j.max_attempts,
               row_number() OVER (PARTITION BY g.lane_id, j.kind = ANY (v_paused) ORDER BY g.priority, g.job_id) AS rn
          FROM gone g FULL JOIN (
               SELECT * FROM jobs.job WHERE id = ANY (ARRAY(SELECT job_id FROM pick))
                  -- Only the partitions they are in.
                  AND id >= (SELECT min(job_id) FROM pick) AND id <= (SELECT max(job_id) FROM pick)) j ON j.id = g.job_id),
    begun AS (
        INSERT INTO jobs.attempt (job_id, lane_id, worker_id, n, priority, kind, deadline_at, slot_us)
        SELECT e.job_id, e.lane_id, p_worker, e.n, e.priority, e.kind, clock_timestamp() + make_interval(secs => p_lease),
               s.first_us + (e.rn - 1) * s.t_us
          FROM envelope e JOIN state s ON s.id = e.lane_id WHERE e.kind IS NOT NULL AND e.kind <> ALL (v_paused) ORDER BY e.lane_id, e.rn
        RETURNING *),
    lost AS (
        INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason)
        SELECT jobs.new_id(), e.job_id, e.n, 'X', 'its envelope is gone' FROM envelope e WHERE e.kind IS NULL),
    aside AS (
        INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt, reason)
        SELECT 'infinity', e.job_id, e.lane_id, e.priority, e.n, 'its kind is paused' FROM envelope e WHERE e.kind = ANY (v_paused)),
    moved AS MATERIALIZED (
        SELECT s.id, s.place, s.t_us, s.burst, s.tokens, s.room, s.seen, s.n, s.low, s.paused, s.lead, s.lead_us, s.lead_at_us,
               coalesce(t.taken, 0) AS taken, coalesce(o.c, 0) AS c,
               coalesce(least(s.oldest, o.oldest), s.attempt_low) AS attempt_low,
               CASE WHEN o.c IS NULL THEN s.tat_us
                    WHEN s.t_us = 0 THEN greatest(v_now, s.tat_us)
                    -- One alone at once, from rest: the next need not wait for the time that this one might have taken.
                    WHEN o.c = 1 AND s.tat_us <= v_now THEN v_now + s.t_us
                    ELSE s.first_us + o.c * s.t_us END AS new_tat_us
          FROM share s
          LEFT JOIN (SELECT lane_id, count(*) AS taken FROM gone GROUP BY lane_id) t ON t.lane_id = s.id
          -- What is put aside costs nothing.
          LEFT JOIN (SELECT lane_id, count(*) AS c, min(attempt_id) AS oldest FROM begun GROUP BY lane_id) o ON o.lane_id = s.id
         -- A lane there was no room for stays as it is, and is first the next time.
         WHERE s.n > 0 OR s.want = 0),
    rearmed AS (
        UPDATE jobs.pace p SET
            version = p.version + 1,
            tat_us = m.new_tat_us,
            ready_low = m.low,
            attempt_low = m.attempt_low,
            debit_low = v_debit_low,
            -- Also by a claim that found no tokens yet: the lane is due by it. One that found nothing to do has no need of the time.
            lead_us = CASE WHEN m.seen = 0 OR m.lead > p_lead_us THEN m.lead_us ELSE p_lead_us END,
            lead_at_us = CASE WHEN m.seen = 0 OR m.lead > p_lead_us THEN m.lead_at_us ELSE v_now END,
            wait_cap = m.seen > m.taken AND m.room <= m.c,
            next_us = CASE
                -- Drained, by the snapshot we picked from: a row that somebody holds is not drained.
                WHEN m.paused OR m.seen <= m.taken THEN NULL
                WHEN m.room <= m.c THEN v_now + 250000
                WHEN m.taken < m.n THEN v_now + 20000
                -- Until a chunk of tokens is there, so that a lane's row is written some 20 times a second, and a fast one's 50.
                WHEN m.t_us > 0 OR m.tokens <= m.c THEN greatest(v_now + 1000, greatest(v_now, m.new_tat_us) - m.lead
                    + (greatest(1, least(m.burst, greatest(20, 20000 / nullif(m.t_us, 0)), 50000 / nullif(m.t_us, 0))) - m.burst) * m.t_us)
                ELSE v_now END
          FROM moved m WHERE p.ctid = ANY (ARRAY(SELECT place FROM moved)) AND p.lane_id + 0 = m.id RETURNING 1)
    SELECT b.attempt_id, b.job_id, b.lane_id, s.key, b.kind, b.n, e.payload, b.priority, e.max_attempts,
           CASE WHEN m.c > 1 OR s.tat_us > v_now THEN b.slot_us END, s.t_us, e.rn = 1 AND s.tat_us <= v_now, v_now, v_due
      FROM begun b JOIN envelope e ON e.job_id = b.job_id JOIN state s ON s.id = b.lane_id JOIN moved m ON m.id = b.lane_id
     ORDER BY b.attempt_id;
END $$;

-- Only ids it returns may be performed. The shared lock is what pause_everything waits for: once that has committed, no older intent
-- commits.
CREATE FUNCTION jobs.intend(p_worker bigint, p_ids bigint[], p_delivery text, p_lease float8) RETURNS SETOF bigint
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('jobs.control', 0));
    IF EXISTS (SELECT FROM jobs.control WHERE stopped) OR (p_delivery = 'M' AND jobs.timeline_moved()) THEN RETURN; END IF;
    RETURN QUERY
    UPDATE jobs.attempt a SET phase = 1, delivery = p_delivery::"char", deadline_at = clock_timestamp() + make_interval(secs => p_lease)
     WHERE a.attempt_id = ANY(p_ids) AND a.worker_id = p_worker AND a.phase = 0
       AND NOT (SELECT l.paused FROM jobs.lane l WHERE l.id = a.lane_id)
       AND NOT EXISTS (SELECT FROM jobs.kind_pause k WHERE k.kind = a.kind AND NOT k.resumed)
    RETURNING a.attempt_id;
END $$;

-- Provably nothing was done: back to ready, at no cost.
CREATE FUNCTION jobs.give_back(p_worker bigint, p_ids bigint[], p_reason text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_n bigint;
BEGIN
    WITH gone AS (DELETE FROM jobs.attempt WHERE attempt_id = ANY(p_ids) AND worker_id = p_worker AND phase = 0 RETURNING *),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason) SELECT attempt_id, job_id, n, 'B', p_reason FROM gone),
    r AS (INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT job_id, lane_id, priority, n FROM gone),
    b AS (INSERT INTO jobs.debit (lane_id, tokens, slot_us) SELECT lane_id, -1, slot_us FROM gone WHERE slot_us IS NOT NULL),
    w AS (INSERT INTO jobs.wake (lane_id, priority, job_id) SELECT lane_id, priority, min(job_id) FROM gone GROUP BY lane_id, priority)
    SELECT count(*) INTO v_n FROM gone;
    RETURN v_n;
END $$;

-- What admission refused: until NULL ends the job, a time puts it off. Costs no attempt, and its tokens go back.
CREATE FUNCTION jobs.refuse(p_ids bigint[], p_until timestamptz[], p_reason text[]) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_n bigint;
BEGIN
    WITH d AS (SELECT * FROM unnest(p_ids, p_until, p_reason) x(id, until, reason)),
    gone AS (DELETE FROM jobs.attempt a USING d WHERE a.attempt_id = d.id AND a.attempt_id = ANY(p_ids) RETURNING a.*, d.until, d.reason),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason)
          SELECT attempt_id, job_id, n, CASE WHEN until IS NULL THEN 'C'::"char" ELSE 'P' END, reason FROM gone),
    l AS (INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt, reason)
          SELECT until, job_id, lane_id, priority, n, reason FROM gone WHERE until IS NOT NULL),
    b AS (INSERT INTO jobs.debit (lane_id, tokens, slot_us) SELECT lane_id, -1, slot_us FROM gone WHERE slot_us IS NOT NULL),
    w AS (INSERT INTO jobs.wake (lane_id) SELECT DISTINCT lane_id FROM gone)
    SELECT count(*) INTO v_n FROM gone;
    RETURN v_n;
END $$;

-- Batched completion, fenced by attempt_id: ids it does not return were taken away from the caller. A retry keeps its priority where
-- p_priority has none for it.
CREATE FUNCTION jobs.finish(
    p_ids bigint[], p_result text[], p_provider text[], p_reason text[], p_delay float8[], p_costs boolean[], p_penalty_us bigint[],
        p_unsettled bytea[], p_priority smallint[] DEFAULT NULL
) RETURNS TABLE (attempt_id bigint, retry_at timestamptz) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH d AS (
        SELECT x.* FROM unnest(p_ids, p_result, p_provider, p_reason, p_delay, p_costs, p_penalty_us, p_unsettled, p_priority)
            x(id, result, provider, reason, delay, costs, penalty, unsettled, turn) ORDER BY id),
    gone AS (
        DELETE FROM jobs.attempt a USING d WHERE a.attempt_id = d.id AND a.attempt_id = ANY(p_ids)
        RETURNING a.*, d.result, d.provider, d.reason, d.costs, d.penalty, d.unsettled, d.turn,
            CASE WHEN d.result = 'R' THEN clock_timestamp() + make_interval(secs => d.delay) END AS run_at),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, provider_id, reason, unsettled)
          SELECT g.attempt_id, job_id, n, result::"char", provider, reason, unsettled FROM gone g),
    l AS (INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt, reason)
          SELECT run_at, job_id, lane_id, coalesce(turn, priority), CASE WHEN costs THEN n + 1 ELSE n END, reason FROM gone
           WHERE run_at IS NOT NULL),
    x AS (INSERT INTO jobs.dead (job_id, attempt_id, lane_id, kind, reason)
          SELECT job_id, g.attempt_id, lane_id, kind, reason FROM gone g WHERE result = 'X' ON CONFLICT (job_id) DO NOTHING),
    p AS (INSERT INTO jobs.debit (lane_id, tokens, penalty_us)
          SELECT lane_id, 0, max(penalty) FROM gone WHERE penalty IS NOT NULL GROUP BY lane_id),
    w AS (INSERT INTO jobs.wake (lane_id)
          SELECT g.lane_id FROM (SELECT DISTINCT lane_id FROM gone) g
           WHERE (SELECT p.wait_cap FROM jobs.pace p WHERE p.lane_id = g.lane_id ORDER BY p.version DESC LIMIT 1))
    SELECT g.attempt_id, g.run_at FROM gone g;
END $$;

-- Results of attempts that had been rescued. Returns those recorded now, not those of our own finish whose answer was lost, nor those that
-- went back before they began: nothing was performed, and another attempt may be at work by now.
CREATE FUNCTION jobs.record_late(p_ids bigint[], p_result text[], p_provider text[], p_reason text[]) RETURNS SETOF bigint
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY
    INSERT INTO jobs.outcome (attempt_id, late, job_id, n, result, provider_id, reason)
    SELECT o.attempt_id, true, o.job_id, o.n, x.result::"char", x.provider, x.reason
      FROM unnest(p_ids, p_result, p_provider, p_reason) x(id, result, provider, reason)
      JOIN jobs.outcome o ON o.attempt_id = x.id AND o.attempt_id = ANY(p_ids) AND NOT o.late AND o.rescued AND o.result <> 'B'
    ON CONFLICT DO NOTHING RETURNING attempt_id;
END $$;

CREATE FUNCTION jobs.bump(p_name text, p_by bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    INSERT INTO jobs.counter AS c VALUES (p_name, p_by) ON CONFLICT (name) DO UPDATE SET value = c.value + excluded.value $$;

-- Rescue ----------------------------------------------------------------------------------------------------------------------------------

-- Attempts whose worker is dead or whose deadline is past, of kinds the caller can settle.
CREATE FUNCTION jobs.rescuable(p_stale float8, p_kinds text[], p_max int) RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN QUERY
    SELECT a.attempt_id FROM jobs.attempt a LEFT JOIN jobs.worker w ON w.id = a.worker_id
     WHERE (w.id IS NULL OR w.beat_at < clock_timestamp() - make_interval(secs => p_stale) OR a.deadline_at < clock_timestamp())
       AND a.kind = ANY(p_kinds)
     ORDER BY a.attempt_id LIMIT p_max;
END $$;

-- B: no intent, back to ready. U: at most once, may have happened, never repeated. R or X: at least once.
CREATE FUNCTION jobs.rescue(p_ids bigint[], p_stale float8, p_base float8, p_cap float8)
RETURNS TABLE (attempt_id bigint, job_id bigint, lane_id bigint, lane_key text, kind text, n smallint, payload bytea, priority smallint,
               max_attempts smallint, verdict text, retry_at timestamptz)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH lost AS (
        SELECT a.attempt_id FROM jobs.attempt a LEFT JOIN jobs.worker w ON w.id = a.worker_id
         WHERE a.attempt_id = ANY(p_ids)
           AND (w.id IS NULL OR w.beat_at < clock_timestamp() - make_interval(secs => p_stale) OR a.deadline_at < clock_timestamp())
         ORDER BY a.attempt_id FOR UPDATE OF a SKIP LOCKED),
    gone AS (DELETE FROM jobs.attempt a USING lost WHERE a.attempt_id = lost.attempt_id AND a.attempt_id = ANY(p_ids) RETURNING a.*),
    judged AS (
        SELECT g.*, j.payload, j.max_attempts,
               CASE WHEN g.phase = 0 THEN 'B' WHEN g.delivery = 'M' THEN 'U' WHEN g.n >= j.max_attempts THEN 'X' ELSE 'R' END AS verdict,
               clock_timestamp() + make_interval(secs => least(p_cap, p_base * power(2, least(g.n, 20) - 1)) * (0.5 + random())) AS run_at
          FROM gone g JOIN jobs.job j ON j.id = g.job_id AND j.id = ANY (ARRAY(SELECT job_id FROM gone))),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, rescued, reason)
          SELECT g.attempt_id, g.job_id, g.n, g.verdict::"char", true, 'rescued: the worker was lost or the deadline passed' FROM judged g),
    r AS (INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT g.job_id, g.lane_id, g.priority, g.n FROM judged g
        WHERE g.verdict = 'B'),
    l AS (INSERT INTO jobs.later (run_at, job_id, lane_id, priority, attempt, reason)
          SELECT g.run_at, g.job_id, g.lane_id, g.priority, g.n + 1, 'rescued' FROM judged g WHERE g.verdict = 'R'),
    x AS (INSERT INTO jobs.dead (job_id, attempt_id, lane_id, kind, reason)
          SELECT g.job_id, g.attempt_id, g.lane_id, g.kind, 'rescued too often' FROM judged g WHERE g.verdict = 'X'
              ON CONFLICT (job_id) DO NOTHING),
    -- Those that are ready again, and the others' room.
    w AS (INSERT INTO jobs.wake (lane_id, priority, job_id)
          SELECT g.lane_id, CASE WHEN g.verdict = 'B' THEN g.priority END, min(g.job_id) FROM judged g GROUP BY 1, 2)
    SELECT g.attempt_id, g.job_id, g.lane_id, (SELECT l.key FROM jobs.lane l WHERE l.id = g.lane_id), g.kind, g.n, g.payload, g.priority,
           g.max_attempts, g.verdict, CASE WHEN g.verdict = 'R' THEN g.run_at END
      FROM judged g;
END $$;
