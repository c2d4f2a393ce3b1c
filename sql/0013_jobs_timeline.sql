-- owner: jobs
-- After a failover without synchronous replication, or from a restored backup, the last commits are gone: jobs stand ready whose intents had
-- been written and whose requests may have been made. PostgreSQL gives every such history a timeline of its own, and this is how a change of
-- timeline is met without sending twice:
--  1. Every heartbeat looks at the timeline of the server, and notes whether commits wait for a standby. If they did, nothing is lost, and the
--     new timeline is accepted at once. (The note is at most a heartbeat old: who switches synchronous replication off and loses the primary
--     within that time is not covered.)
--  2. Else no job is claimed and no at-most-once intent is written until the new timeline has been accepted.
--  3. Every living worker reports the at-most-once attempts whose intents it has written lately. Those without an outcome here, whose job is
--     due or claimed as if nothing had happened, are suspects: each ends as unknown, to be settled by a status webhook or a person.
--  4. A worker that was alive at the last heartbeat that survived, and does not report within the grace period, may have sent what nobody
--     remembers. Then the jobs that it can have claimed since that heartbeat are suspects too: of each lane as many, from its front, as twice
--     what its rate and burst allowed meanwhile and what it may run at once; of a lane without a rate all.
-- Messages whose hand-in itself was lost are beyond this: only synchronous replication keeps those.

CREATE TABLE jobs.timeline (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    system bigint NOT NULL,
    timeline integer NOT NULL,
    -- Whether commits waited for a standby, as of the last heartbeat.
    synchronous boolean NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- While another timeline has been seen and not accepted: since when, and the last heartbeat that survived.
    noticed_at timestamptz,
    last_beat timestamptz
);

-- Filled between the notice and the acceptance only.
CREATE TABLE jobs.timeline_report (worker_id bigint PRIMARY KEY);
CREATE TABLE jobs.timeline_sent (job_id bigint PRIMARY KEY, attempt_id bigint NOT NULL, n smallint NOT NULL);

-- Jobs that may have been performed in the history that is gone, until their owners have been told.
CREATE TABLE jobs.suspect (
    job_id bigint PRIMARY KEY,
    attempt_id bigint NOT NULL,
    lane_id bigint NOT NULL,
    n smallint NOT NULL,
    priority smallint NOT NULL,
    kind text NOT NULL
);

-- The timeline being written now; in the name of a segment it stands first.
CREATE FUNCTION jobs.wal_timeline() RETURNS integer LANGUAGE sql VOLATILE AS $$
    SELECT ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer $$;

INSERT INTO jobs.timeline (system, timeline, synchronous) SELECT system_identifier, jobs.wal_timeline(), false FROM pg_control_system();

CREATE FUNCTION jobs.timeline_moved() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN (SELECT noticed_at IS NOT NULL OR timeline <> jobs.wal_timeline() FROM jobs.timeline);
END $$;

-- Asked before each heartbeat; true: report, and wait for the acceptance.
CREATE FUNCTION jobs.watch_timeline() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v record;
    v_system bigint := (SELECT system_identifier FROM pg_control_system());
    v_timeline integer := jobs.wal_timeline();
    v_synchronous boolean := current_setting('synchronous_standby_names') <> ''
        AND current_setting('synchronous_commit') IN ('on', 'remote_write', 'remote_apply');
BEGIN
    SELECT * INTO STRICT v FROM jobs.timeline;
    IF v.system = v_system AND v.timeline = v_timeline THEN
        IF v.synchronous <> v_synchronous THEN
            UPDATE jobs.timeline SET synchronous = v_synchronous WHERE synchronous <> v_synchronous;
        END IF;
        RETURN false;
    END IF;
    IF v.synchronous THEN
        UPDATE jobs.timeline SET system = v_system, timeline = v_timeline, synchronous = v_synchronous, since = clock_timestamp(),
            noticed_at = NULL, last_beat = NULL;
        RETURN false;
    END IF;
    UPDATE jobs.timeline SET noticed_at = clock_timestamp(), last_beat = (SELECT max(beat_at) FROM jobs.worker) WHERE noticed_at IS NULL;
    RETURN true;
END $$;

-- What a worker has written intents for lately, in pieces; the last of them counts as its report.
CREATE FUNCTION jobs.report_sent(p_worker bigint, p_attempts bigint[], p_jobs bigint[], p_n smallint[], p_last boolean) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM jobs.timeline WHERE noticed_at IS NOT NULL FOR SHARE;
    IF NOT FOUND THEN RETURN; END IF;
    INSERT INTO jobs.timeline_sent AS s (job_id, attempt_id, n)
    SELECT DISTINCT ON (job_id) job_id, attempt_id, n FROM unnest(p_jobs, p_attempts, p_n) u(job_id, attempt_id, n)
     ORDER BY job_id, attempt_id DESC
    ON CONFLICT (job_id) DO UPDATE SET attempt_id = excluded.attempt_id, n = excluded.n WHERE s.attempt_id < excluded.attempt_id;
    IF p_last THEN INSERT INTO jobs.timeline_report VALUES (p_worker) ON CONFLICT DO NOTHING; END IF;
END $$;

-- Takes the suspects out of the work and lets the rest go on. NULL: nothing to accept, or not yet; else the number of suspects.
CREATE FUNCTION jobs.accept_timeline(p_kinds text[], p_stale float8, p_grace float8) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v record; v_lost boolean; v_window_us float8; v_n bigint;
BEGIN
    SELECT * INTO v FROM jobs.timeline WHERE noticed_at IS NOT NULL FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN NULL; END IF;
    v_lost := EXISTS (
        SELECT FROM jobs.worker w WHERE w.beat_at >= v.last_beat - make_interval(secs => p_stale)
           AND NOT EXISTS (SELECT FROM jobs.timeline_report r WHERE r.worker_id = w.id));
    IF v_lost AND clock_timestamp() < v.noticed_at + make_interval(secs => p_grace) THEN RETURN NULL; END IF;
    -- Five seconds more, for two machines' clocks.
    v_window_us := (extract(epoch FROM v.noticed_at - v.last_beat) + 5) * 1000000;
    WITH due AS (
        SELECT job_id, lane_id, priority, attempt AS n, NULL::bigint AS attempt_id, true AS is_due FROM jobs.ready
        UNION ALL SELECT job_id, lane_id, priority, attempt, NULL,
            -- Put aside: it may have been due, and performed, in the history that is gone.
            run_at <= clock_timestamp() OR run_at = 'infinity' FROM jobs.later
        UNION ALL SELECT job_id, lane_id, priority, n, attempt_id, true FROM jobs.attempt WHERE phase = 0),
    ranked AS (
        SELECT d.*, j.kind, s.attempt_id AS sent_as, s.n AS sent_n,
               row_number() OVER (PARTITION BY d.lane_id, d.is_due ORDER BY d.priority, d.job_id) AS place
          FROM due d JOIN jobs.job j ON j.id = d.job_id
          -- An attempt whose end is here has lost nothing.
          LEFT JOIN jobs.timeline_sent s ON s.job_id = d.job_id
              AND NOT EXISTS (SELECT FROM jobs.outcome o WHERE o.attempt_id = s.attempt_id)
         WHERE j.kind = ANY (p_kinds)),
    suspects AS MATERIALIZED (
        SELECT r.* FROM ranked r JOIN jobs.lane l ON l.id = r.lane_id
         WHERE r.sent_as IS NOT NULL OR (v_lost AND r.is_due
           AND (l.t_us = 0 OR r.place <= 2 * (v_window_us / l.t_us + l.burst) + l.max_running))),
    a AS (DELETE FROM jobs.ready t USING suspects s WHERE t.job_id = s.job_id RETURNING t.job_id),
    b AS (DELETE FROM jobs.later t USING suspects s WHERE t.job_id = s.job_id RETURNING t.job_id),
    c AS (DELETE FROM jobs.attempt t USING suspects s WHERE t.job_id = s.job_id AND t.phase = 0 RETURNING t.job_id),
    gone AS (SELECT job_id FROM a UNION ALL SELECT job_id FROM b UNION ALL SELECT job_id FROM c)
    INSERT INTO jobs.suspect (job_id, attempt_id, lane_id, n, priority, kind)
    SELECT s.job_id, coalesce(s.sent_as, s.attempt_id, jobs.new_id()), s.lane_id, coalesce(s.sent_n, s.n), s.priority, s.kind
      FROM suspects s JOIN gone g ON g.job_id = s.job_id;
    GET DIAGNOSTICS v_n = ROW_COUNT;
    UPDATE jobs.timeline SET system = (SELECT system_identifier FROM pg_control_system()), timeline = jobs.wal_timeline(),
        since = clock_timestamp(), noticed_at = NULL, last_beat = NULL;
    DELETE FROM jobs.timeline_report;
    DELETE FROM jobs.timeline_sent;
    RETURN v_n;
END $$;

-- Ends suspects as unknown, a batch at a time, for their owners to be told in the same transaction. They count as rescued, so that what a
-- living worker still learns of its attempt is taken as a late result.
CREATE FUNCTION jobs.take_suspects(p_kinds text[], p_max int)
RETURNS TABLE (attempt_id bigint, job_id bigint, lane_id bigint, lane_key text, kind text, n smallint, payload bytea, priority smallint,
               max_attempts smallint, verdict text, retry_at timestamptz)
LANGUAGE sql VOLATILE AS $$
    WITH gone AS (
        DELETE FROM jobs.suspect t WHERE t.job_id = ANY (ARRAY(
            SELECT s.job_id FROM jobs.suspect s WHERE s.kind = ANY (p_kinds) ORDER BY s.job_id LIMIT p_max FOR UPDATE SKIP LOCKED))
        RETURNING t.*),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, rescued, reason)
          SELECT g.attempt_id, g.job_id, g.n, 'U', true, 'it may have been performed before the failover' FROM gone g ON CONFLICT DO NOTHING)
    SELECT g.attempt_id, g.job_id, g.lane_id, l.key, g.kind, g.n, j.payload, g.priority, j.max_attempts, 'U', NULL::timestamptz
      FROM gone g JOIN jobs.job j ON j.id = g.job_id JOIN jobs.lane l ON l.id = g.lane_id ORDER BY g.attempt_id $$;
