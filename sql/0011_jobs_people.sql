-- owner: jobs
-- The kill switch, dead letters, views for people, and the upkeep of partitions.

-- People ----------------------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION jobs.pause_everything(p_by text, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('jobs.control', 0));
    UPDATE jobs.control SET stopped = true, by = p_by, reason = p_reason, at = clock_timestamp();
END $$;

-- What has its intent written is finished, the rest stays ready. The lane is not due again before it is resumed; a claim that holds its pace
-- is waited for.
CREATE FUNCTION jobs.pause_lane(p_key text, p_by text, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs.lane SET paused = true, paused_by = p_by, paused_reason = p_reason, paused_at = clock_timestamp() WHERE key = p_key;
    UPDATE jobs.pace SET version = version + 1, next_us = NULL WHERE lane_id = (SELECT id FROM jobs.lane WHERE key = p_key);
END $$;

CREATE FUNCTION jobs.resume_lane(p_key text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE jobs.lane SET paused = false, paused_by = NULL, paused_reason = NULL, paused_at = NULL WHERE key = p_key;
    UPDATE jobs.pace SET version = version + 1, next_us = jobs.now_us() WHERE lane_id = (SELECT id FROM jobs.lane WHERE key = p_key);
END $$;

-- Its jobs wait in later, for ever until it is resumed: in ready they would be claimed and given back without end. Waits for older intents as
-- pause_everything does.
CREATE FUNCTION jobs.pause_kind(p_kind text, p_by text, p_reason text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('jobs.control', 0));
    INSERT INTO jobs.kind_pause (kind, by, reason) VALUES (p_kind, p_by, p_reason)
        ON CONFLICT (kind) DO UPDATE SET by = excluded.by, reason = excluded.reason, resumed = false;
END $$;

-- Waits for claims that still put jobs aside, and is to be committed at once; what is aside is taken up afterwards.
CREATE FUNCTION jobs.resume_kind(p_kind text) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE jobs.kind_pause SET resumed = true WHERE kind = p_kind $$;

-- Makes jobs due that were put aside and whose kind has been resumed, so many at most; returns how many. Rows are locked in the order in
-- which jobs.cancel locks them. With the last of them the pause is over.
CREATE FUNCTION jobs.take_up(p_max int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_kind text; v_n bigint;
BEGIN
    SELECT kind INTO v_kind FROM jobs.kind_pause WHERE resumed ORDER BY kind LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF v_kind IS NULL THEN RETURN 0; END IF;
    UPDATE jobs.later SET run_at = statement_timestamp(), reason = NULL WHERE job_id = ANY (ARRAY(
        SELECT t.job_id FROM jobs.later t JOIN jobs.job j ON j.id = t.job_id
         WHERE t.run_at = 'infinity' AND t.reason = 'its kind is paused' AND j.kind = v_kind ORDER BY t.job_id LIMIT p_max FOR UPDATE OF t));
    GET DIAGNOSTICS v_n = ROW_COUNT;
    IF v_n < p_max THEN DELETE FROM jobs.kind_pause WHERE kind = v_kind; END IF;
    RETURN v_n;
END $$;

-- Other limits, from the next claim on. What was dealt out at another rate counts for no more than a burst of the new one.
CREATE FUNCTION jobs.limit_lane(p_key text, p_t_us bigint, p_burst int, p_running int) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_lane bigint; v_t_us bigint; v_paused boolean;
BEGIN
    SELECT id, t_us, paused INTO v_lane, v_t_us, v_paused FROM jobs.lane WHERE key = p_key FOR NO KEY UPDATE;
    UPDATE jobs.lane SET t_us = p_t_us, burst = p_burst, max_running = p_running WHERE id = v_lane;
    UPDATE jobs.pace SET version = version + 1, next_us = CASE WHEN v_paused THEN NULL ELSE jobs.now_us() END,
        tat_us = CASE WHEN v_t_us = p_t_us THEN tat_us ELSE least(tat_us, jobs.now_us() + p_t_us * p_burst) END
     WHERE lane_id = v_lane;
END $$;

-- A new budget of attempts for jobs that were given up; who and when is in the history.
CREATE FUNCTION jobs.redrive(p_ids bigint[], p_by text) RETURNS SETOF bigint LANGUAGE sql VOLATILE AS $$
    WITH d AS (DELETE FROM jobs.dead WHERE job_id = ANY(p_ids) RETURNING *),
    j AS (SELECT j.id, j.lane_id, j.priority FROM d JOIN jobs.job j ON j.id = d.job_id),
    r AS (INSERT INTO jobs.ready (job_id, lane_id, priority, attempt) SELECT id, lane_id, priority, 1 FROM j
          ON CONFLICT (job_id) DO NOTHING RETURNING job_id, lane_id, priority),
    o AS (INSERT INTO jobs.outcome (attempt_id, job_id, n, result, reason) SELECT jobs.new_id(), job_id, 0, 'D', 'redriven by ' || p_by
        FROM r),
    w AS (INSERT INTO jobs.wake (lane_id, priority, job_id) SELECT lane_id, priority, min(job_id) FROM r GROUP BY lane_id, priority)
    SELECT job_id FROM r $$;

-- How full every lane is.
CREATE VIEW jobs.lane_depth AS
    SELECT l.id, l.key, l.paused, l.paused_reason,
           (SELECT count(*) FROM jobs.ready r WHERE r.lane_id = l.id) AS ready,
           (SELECT count(*) FROM jobs.later t WHERE t.lane_id = l.id) AS later,
           (SELECT count(*) FROM jobs.attempt a WHERE a.lane_id = l.id) AS running,
           (SELECT jobs.id_time(min(r.job_id)) FROM jobs.ready r WHERE r.lane_id = l.id) AS oldest
      FROM jobs.lane l;

-- Where one job is and why.
CREATE FUNCTION jobs.place(p_job bigint) RETURNS TABLE (place text, until timestamptz, attempt int, reason text) LANGUAGE sql STABLE AS $$
    SELECT 'ready', NULL::timestamptz, r.attempt::int,
           CASE WHEN c.stopped THEN 'everything is paused: ' || coalesce(c.reason, '')
                WHEN l.paused THEN 'the lane is paused: ' || coalesce(l.paused_reason, '')
                WHEN p.wait_cap THEN 'the lane runs as many as it may'
                WHEN p.next_us > jobs.now_us() THEN 'the lane waits for its rate' END
      FROM jobs.ready r JOIN jobs.lane l ON l.id = r.lane_id JOIN jobs.control c ON true
     CROSS JOIN LATERAL (SELECT wait_cap, next_us FROM jobs.pace WHERE lane_id = l.id ORDER BY version DESC LIMIT 1) p
     WHERE r.job_id = p_job
    UNION ALL SELECT 'later', nullif(t.run_at, 'infinity'), t.attempt::int, t.reason FROM jobs.later t WHERE t.job_id = p_job
    UNION ALL SELECT 'running', a.deadline_at, a.n::int, NULL FROM jobs.attempt a WHERE a.job_id = p_job
    UNION ALL SELECT 'dead', NULL, NULL, d.reason FROM jobs.dead d WHERE d.job_id = p_job $$;

-- Upkeep ----------------------------------------------------------------------------------------------------------------------------------

-- Monthly partitions from this month on. Two processes may call it: the second leaves it to the first.
CREATE FUNCTION jobs.ensure_partitions(p_ahead int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_month timestamptz; v_parent text; v_name text; v_made int := 0; v_i int;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('jobs.partitions', 0)) THEN RETURN 0; END IF;
    SET LOCAL lock_timeout = '2s';
    FOR v_i IN 0..p_ahead LOOP
        -- Month arithmetic in UTC, whatever the session's zone.
        v_month := (date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => v_i)) AT TIME ZONE 'UTC';
        FOREACH v_parent IN ARRAY ARRAY['job', 'outcome'] LOOP
            v_name := v_parent || '_' || to_char(v_month AT TIME ZONE 'UTC', 'YYYYMM');
            CONTINUE WHEN to_regclass('jobs.' || v_name) IS NOT NULL;
            BEGIN
                EXECUTE format('CREATE TABLE jobs.%I (LIKE jobs.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name, v_parent);
                EXECUTE format('ALTER TABLE jobs.%I ATTACH PARTITION jobs.%I FOR VALUES FROM (%s) TO (%s)', v_parent, v_name,
                    jobs.id_at(v_month), jobs.id_at((v_month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'));
                v_made := v_made + 1;
            EXCEPTION
                WHEN lock_not_available THEN NULL;
                -- Rows of that month are in the default partition: they stay there, and the month with them.
                WHEN check_violation THEN RAISE WARNING 'partition jobs.% not made: the default partition holds its rows', v_name;
            END;
        END LOOP;
    END LOOP;
    RETURN v_made;
END $$;

-- Drops months that ended before p_before and of which nothing is alive.
CREATE FUNCTION jobs.drop_partitions(p_before timestamptz) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE v record; v_from bigint; v_to bigint; v_dropped int := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('jobs.partitions', 0)) THEN RETURN 0; END IF;
    SET LOCAL lock_timeout = '2s';
    FOR v IN SELECT c.relname AS name, to_timestamp(right(c.relname, 6) || '+00', 'YYYYMMTZH') AS month
               FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              WHERE i.inhparent IN ('jobs.job'::regclass, 'jobs.outcome'::regclass) AND c.relname ~ '_[0-9]{6}$' LOOP
        v_from := jobs.id_at(v.month);
        v_to := jobs.id_at((v.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
        CONTINUE WHEN jobs.id_time(v_to) > p_before;
        BEGIN
            IF v.name LIKE 'job_%' THEN
                DELETE FROM jobs.dead WHERE job_id >= v_from AND job_id < v_to;
                -- After the deletion, which waits for whoever is just redriving one of them: then nothing of the month is dropped.
                IF EXISTS (SELECT FROM jobs.ready WHERE job_id >= v_from AND job_id < v_to)
                    OR EXISTS (SELECT FROM jobs.later WHERE job_id >= v_from AND job_id < v_to)
                    OR EXISTS (SELECT FROM jobs.attempt WHERE job_id >= v_from AND job_id < v_to)
                THEN
                    RAISE lock_not_available;
                END IF;
            END IF;
            EXECUTE format('DROP TABLE jobs.%I', v.name);
            v_dropped := v_dropped + 1;
        EXCEPTION WHEN lock_not_available THEN NULL;
        END;
    END LOOP;
    RETURN v_dropped;
END $$;

-- Small chores; returns how many lanes were found asleep with work, which must stay 0.
CREATE FUNCTION jobs.tidy() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE v_stranded bigint;
BEGIN
    DELETE FROM jobs.dedupe WHERE (scope, k) IN (
        SELECT scope, k FROM jobs.dedupe WHERE expires_at <= clock_timestamp() LIMIT 5000 FOR UPDATE SKIP LOCKED);
    -- For a resume that did not come to its end.
    PERFORM jobs.take_up(10000);
    -- Lanes that were not claimed since have long got their tokens back.
    DELETE FROM jobs.debit WHERE id IN (
        SELECT id FROM jobs.debit WHERE at_us < jobs.now_us() - 120000000 AND coalesce(penalty_us, 0) < 60000000 LIMIT 5000
            FOR UPDATE SKIP LOCKED);
    DELETE FROM jobs.worker w WHERE beat_at < clock_timestamp() - interval '1 hour'
        AND NOT EXISTS (SELECT FROM jobs.attempt a WHERE a.worker_id = w.id);
    UPDATE jobs.pace SET version = version + 1, next_us = jobs.now_us(), ready_low = array_fill(0::bigint, ARRAY[10]) WHERE lane_id IN (
        SELECT p.lane_id FROM jobs.pace p JOIN jobs.lane l ON l.id = p.lane_id
         WHERE p.next_us IS NULL AND NOT l.paused AND EXISTS (SELECT FROM jobs.ready r WHERE r.lane_id = l.id)
           AND NOT EXISTS (SELECT FROM jobs.wake w WHERE w.lane_id = l.id)
         FOR NO KEY UPDATE OF p SKIP LOCKED) AND next_us IS NULL;
    GET DIAGNOSTICS v_stranded = ROW_COUNT;
    RETURN v_stranded;
END $$;

SELECT jobs.ensure_partitions(2);

-- Jobs of a kind whose last result its owner could not take over, newest first.
CREATE FUNCTION jobs.unsettled(p_kind text, p_max int) RETURNS TABLE (job_id bigint, payload bytea) LANGUAGE sql STABLE AS $$
    SELECT o.job_id, j.payload FROM jobs.outcome o JOIN jobs.job j ON j.id = o.job_id
     WHERE o.unsettled IS NOT NULL AND j.kind = p_kind ORDER BY o.attempt_id DESC LIMIT p_max $$;
