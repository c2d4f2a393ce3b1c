import Foundation
import Postgres

/// What the explorer needs in its database: gates, a clock that stands still, a ledger of what sessions were told, and the invariants.
enum ExplorerSchema {
    /// First key of the advisory locks that are gates; the session's number is added.
    static let gateKey = 7000

    static let script = """
        CREATE SCHEMA test;
        -- Nothing may change the plans or the order of rows between two runs of one schedule.
        ALTER TABLE jobs.ready SET (autovacuum_enabled = off);
        ALTER TABLE jobs.later SET (autovacuum_enabled = off);
        ALTER TABLE jobs.attempt SET (autovacuum_enabled = off);
        ALTER TABLE jobs.pace SET (autovacuum_enabled = off);
        ALTER TABLE jobs.wake SET (autovacuum_enabled = off);
        ALTER TABLE jobs.debit SET (autovacuum_enabled = off);
        CREATE TABLE test.clock (us bigint NOT NULL);
        INSERT INTO test.clock VALUES (1800000000000000);
        CREATE OR REPLACE FUNCTION jobs.now_us() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT us FROM test.clock';

        -- What sessions were told, written in their own transactions: it counts once they have committed.
        CREATE TABLE test.claimed (who text, attempt_id bigint, job_id bigint, slot_us bigint);
        CREATE TABLE test.intended (who text, attempt_id bigint, job_id bigint);
        CREATE TABLE test.finished (who text, attempt_id bigint);
        CREATE TABLE test.rescued (who text, attempt_id bigint, verdict text);
        CREATE TABLE test.cancelled (job_id bigint);
        CREATE TABLE test.debited (lane_id bigint, tokens bigint, is_back boolean);
        CREATE FUNCTION test.note_debit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO test.debited VALUES (NEW.lane_id, NEW.tokens, NEW.slot_us IS NOT NULL);
            RETURN NULL;
        END $$;
        CREATE TRIGGER note AFTER INSERT ON jobs.debit FOR EACH ROW EXECUTE FUNCTION test.note_debit();
        CREATE TABLE test.intended_before_stop (attempt_id bigint);
        CREATE SEQUENCE test.passed_0;
        CREATE SEQUENCE test.passed_1;
        CREATE SEQUENCE test.passed_2;

        CREATE FUNCTION test.gate(p_label text) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
        DECLARE v_session text := current_setting('test.session', true); v_step int;
        BEGIN
            IF coalesce(v_session, '') = '' THEN RETURN 0; END IF;
            IF current_setting('test.labels', true) = 'on' THEN PERFORM set_config('application_name', p_label, false); END IF;
            -- A sequence: a rollback does not bring back gates that were passed.
            v_step := nextval('test.passed_' || v_session);
            PERFORM pg_advisory_lock_shared(\(gateKey) + v_session::int, v_step);
            PERFORM pg_advisory_unlock_shared(\(gateKey) + v_session::int, v_step);
            RETURN 0;
        END $$;
        CREATE FUNCTION test.gate_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM test.gate(lower(TG_OP) || ' ' || TG_TABLE_NAME);
            RETURN NULL;
        END $$;

        -- Called by the explorer's own connection, which holds the next gate of every session closed.
        CREATE FUNCTION test.close_gates() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_unlock_all();
            PERFORM pg_advisory_lock(\(gateKey) + s, 1) FROM generate_series(0, 2) s;
            PERFORM setval('test.passed_0', 1, false), setval('test.passed_1', 1, false), setval('test.passed_2', 1, false);
        END $$;
        CREATE FUNCTION test.open_gate(p_session int, p_gate int) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_lock(\(gateKey) + p_session, p_gate + 1);
            PERFORM pg_advisory_unlock(\(gateKey) + p_session, p_gate);
        END $$;
        -- Who of these waits for what: at a gate, or behind others.
        CREATE FUNCTION test.waits(p_pids int[]) RETURNS TABLE (pid int, gate bigint, behind int[]) LANGUAGE plpgsql AS $$
        BEGIN
            RETURN QUERY SELECT w.pid, w.gate, CASE WHEN w.gate IS NULL THEN pg_blocking_pids(w.pid) ELSE '{}' END FROM (
                SELECT l.pid, CASE WHEN l.locktype = 'advisory' AND l.classid::bigint BETWEEN \(gateKey) AND \(gateKey + 2)
                    THEN l.objid::bigint END AS gate
                  FROM pg_locks l WHERE NOT l.granted AND l.pid = ANY(p_pids)) w;
        END $$;
        CREATE FUNCTION test.clean() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM jobs.ready; DELETE FROM jobs.later; DELETE FROM jobs.attempt; DELETE FROM jobs.wake; DELETE FROM jobs.debit;
            DELETE FROM jobs.outcome; DELETE FROM jobs.dead; DELETE FROM jobs.job; DELETE FROM jobs.worker;
            DELETE FROM jobs.pace WHERE lane_id IN (SELECT id FROM jobs.lane WHERE key <> 'workflow');
            DELETE FROM jobs.lane WHERE key <> 'workflow';
            UPDATE jobs.control SET stopped = false;
            DELETE FROM jobs.kind_pause;
            DELETE FROM test.claimed; DELETE FROM test.intended; DELETE FROM test.finished; DELETE FROM test.rescued;
            DELETE FROM test.cancelled; DELETE FROM test.debited; DELETE FROM test.intended_before_stop;
        END $$;

        CREATE FUNCTION test.add_lane(p_key text, p_t_us bigint, p_burst int, p_running int) RETURNS bigint LANGUAGE sql AS $$
            INSERT INTO jobs.lane (key, t_us, burst, max_running) VALUES (p_key, p_t_us, p_burst, p_running) RETURNING id $$;
        CREATE FUNCTION test.lane() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT id FROM jobs.lane WHERE key = 'lane' $$;
        CREATE FUNCTION test.add_jobs(p_n int, p_run_at timestamptz DEFAULT NULL) RETURNS bigint[] LANGUAGE sql AS $$
            SELECT jobs.enqueue(array_fill(test.lane(), ARRAY[p_n]), array_fill('test'::text, ARRAY[p_n]), array_fill(''::bytea, ARRAY[p_n]),
                array_fill(4::smallint, ARRAY[p_n]), array_fill(3::smallint, ARRAY[p_n]), array_fill(p_run_at, ARRAY[p_n]),
                array_fill(NULL::text, ARRAY[p_n]), array_fill(NULL::text, ARRAY[p_n]), array_fill(NULL::float8, ARRAY[p_n])) $$;
        CREATE FUNCTION test.live_worker() RETURNS bigint LANGUAGE sql AS $$ INSERT INTO jobs.worker (name) VALUES ('w') RETURNING id $$;

        CREATE FUNCTION test.is_stopped() RETURNS boolean LANGUAGE sql STABLE AS $$
            SELECT EXISTS (SELECT FROM jobs.control WHERE stopped) OR EXISTS (SELECT FROM jobs.kind_pause WHERE NOT resumed) $$;

        -- Everything that is wrong with what has been committed.
        CREATE FUNCTION test.violations() RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            INSERT INTO test.intended_before_stop SELECT i.attempt_id FROM test.intended i
             WHERE test.is_stopped() AND NOT EXISTS (SELECT FROM test.intended_before_stop);
            INSERT INTO test.intended_before_stop SELECT -1
             WHERE test.is_stopped() AND NOT EXISTS (SELECT FROM test.intended_before_stop);
            RETURN QUERY SELECT 'cap: ' || count(*) || ' run, ' || l.max_running || ' may'
              FROM jobs.lane l JOIN jobs.attempt a ON a.lane_id = l.id GROUP BY l.id HAVING count(*) > l.max_running
            UNION ALL
            -- The clock stands still: nothing but the burst can ever be spent.
            SELECT 'rate: ' || count(*) || ' spent of a burst of ' || l.burst
              FROM jobs.lane l JOIN jobs.job j ON j.lane_id = l.id
              JOIN (SELECT job_id FROM jobs.attempt
                    UNION ALL SELECT job_id FROM jobs.outcome WHERE result IN ('S', 'R', 'X', 'U') AND NOT late) s ON s.job_id = j.id
             WHERE l.t_us > 0 GROUP BY l.id HAVING count(*) > l.burst
            UNION ALL
            -- What is dealt out is what was claimed and debited; what came back may have found later slots behind it, and is lost then.
            SELECT 'debit: the lane has dealt out ' || d.dealt || ' tokens; claims and debits are ' || d.spent || ', given back ' || d.back
              FROM jobs.lane l JOIN jobs.pace p ON p.lane_id = l.id CROSS JOIN LATERAL (
                SELECT (p.tat_us - jobs.now_us()) / l.t_us AS dealt,
                       (SELECT count(*) FROM test.claimed c JOIN jobs.job j ON j.id = c.job_id WHERE j.lane_id = l.id)
                       + (SELECT coalesce(sum(tokens), 0) FROM test.debited WHERE lane_id = l.id AND NOT is_back)
                       - (SELECT coalesce(sum(tokens), 0) FROM jobs.debit WHERE lane_id = l.id AND slot_us IS NULL) AS spent,
                       (SELECT coalesce(-sum(tokens), 0) FROM test.debited WHERE lane_id = l.id AND is_back)
                       - (SELECT coalesce(-sum(tokens), 0) FROM jobs.debit WHERE lane_id = l.id AND slot_us IS NOT NULL) AS back) d
             WHERE l.t_us > 0 AND p.tat_us > 0 AND (d.dealt > d.spent OR d.dealt < d.spent - d.back)
            UNION ALL
            SELECT 'slot: two attempts lie closer than the rate allows'
              FROM (SELECT l.t_us, c.slot_us - lag(c.slot_us) OVER (PARTITION BY l.id ORDER BY c.slot_us) AS apart
                      FROM test.claimed c JOIN jobs.job j ON j.id = c.job_id JOIN jobs.lane l ON l.id = j.lane_id
                     WHERE NOT EXISTS (SELECT FROM jobs.outcome o WHERE o.attempt_id = c.attempt_id AND o.result IN ('B', 'C', 'P'))) x
             WHERE x.apart < x.t_us
            UNION ALL
            SELECT 'place: job is in ' || p.n || ' places and has ended ' || e.n || ' times'
              FROM jobs.job j
              CROSS JOIN LATERAL (SELECT (SELECT count(*) FROM jobs.ready x WHERE x.job_id = j.id)
                + (SELECT count(*) FROM jobs.later x WHERE x.job_id = j.id) + (SELECT count(*) FROM jobs.attempt x WHERE x.job_id = j.id)
                + (SELECT count(*) FROM jobs.dead x WHERE x.job_id = j.id) AS n) p
              CROSS JOIN LATERAL (SELECT count(*) AS n FROM jobs.outcome o
                WHERE o.job_id = j.id AND NOT o.late AND o.result IN ('S', 'U', 'C')) e
             WHERE p.n + e.n <> 1
            UNION ALL
            SELECT 'stranded: a job is ready, its lane sleeps, and no mark will wake it'
              FROM jobs.ready r JOIN jobs.lane l ON l.id = r.lane_id JOIN jobs.pace p ON p.lane_id = l.id
             WHERE p.next_us IS NULL AND NOT l.paused AND NOT EXISTS (SELECT FROM jobs.wake w WHERE w.lane_id = l.id)
            UNION ALL
            SELECT 'hidden: a job is ready before where its lane begins, and no mark tells of it'
              FROM jobs.ready r JOIN jobs.pace p ON p.lane_id = r.lane_id
             WHERE (p.ready_low[r.priority + 1] IS NULL OR p.ready_low[r.priority + 1] > r.job_id)
               AND NOT EXISTS (SELECT FROM jobs.wake w WHERE w.lane_id = r.lane_id AND w.priority = r.priority AND w.job_id <= r.job_id)
            UNION ALL
            SELECT 'hidden: an attempt lives before where those of its lane begin'
              FROM jobs.attempt a JOIN jobs.pace p ON p.lane_id = a.lane_id WHERE a.attempt_id < p.attempt_low
            UNION ALL
            SELECT 'pace: a lane has ' || count(p.lane_id) || ' paces'
              FROM jobs.lane l LEFT JOIN jobs.pace p ON p.lane_id = l.id GROUP BY l.id HAVING count(p.lane_id) <> 1
            UNION ALL
            SELECT 'aside: a job waits for ever, and its kind is not paused'
              FROM jobs.later WHERE run_at = 'infinity' AND reason = 'its kind is paused' AND NOT EXISTS (SELECT FROM jobs.kind_pause)
            UNION ALL
            SELECT 'twice: a job was performed ' || count(*) || ' times' FROM test.intended GROUP BY job_id HAVING count(*) > 1
            UNION ALL
            SELECT 'twice: an attempt that may have been performed ended as ' || o.result::text
              FROM test.intended i JOIN jobs.outcome o ON o.attempt_id = i.attempt_id WHERE o.result IN ('B', 'C', 'P')
            UNION ALL
            SELECT 'fence: an attempt was finished and rescued' FROM test.finished f JOIN test.rescued r ON r.attempt_id = f.attempt_id
            UNION ALL
            SELECT 'fence: an attempt was finished twice' FROM test.finished GROUP BY attempt_id HAVING count(*) > 1
            UNION ALL
            SELECT 'fence: an attempt was claimed twice' FROM test.claimed GROUP BY attempt_id HAVING count(*) > 1
            UNION ALL
            SELECT 'cancel: a job was cancelled and performed' FROM test.cancelled c JOIN test.intended i ON i.job_id = c.job_id
            UNION ALL
            SELECT 'stop: an intent was committed after everything had been stopped' FROM test.intended i
             WHERE test.is_stopped()
               AND NOT EXISTS (SELECT FROM test.intended_before_stop b WHERE b.attempt_id = i.attempt_id);
        END $$;
        """
}
