-- owner: gateway
-- Limits of Meta's: what they are, how much of each is used, and how often one was reached. Business time (jobs.now()), as a day of Meta's is
-- 24 hours of the time that statuses carry.

-- The numbers themselves, each with who says so and since when. A change counts from the next admission on, in every process.
CREATE TABLE gateway.limit_rule (
    name text PRIMARY KEY,
    -- Null: no limit.
    value double precision CHECK (value > 0),
    unit text NOT NULL,
    about text NOT NULL,
    source text NOT NULL,
    effective date NOT NULL,
    -- Count what it would hold back, and let it go; null where that has no meaning.
    shadow boolean,
    changed_by text,
    changed_at timestamptz
);

INSERT INTO gateway.limit_rule (name, value, unit, about, source, effective, shadow) VALUES
    ('number.standard', 80, 'messages a second', 'throughput of a number, inbound and outbound together', 'Meta, Throughput', '2026-05-21', false),
    ('number.high', 1000, 'messages a second', 'throughput of a number that Meta has upgraded', 'Meta, Throughput', '2026-05-21', false),
    ('number.coexistence', 20, 'messages a second', 'throughput of a number that is still on the Business app', 'Meta, Throughput', '2026-05-21', false),
    ('pair.seconds', 6.2, 'seconds', 'time between two messages from one number to one recipient: Meta''s six, and a little', 'Meta, Platform rate limits', '2026-02-27', false),
    ('pair.burst', 45, 'messages', 'messages that may borrow from the time after them', 'Meta, Platform rate limits', '2026-02-27', NULL),
    ('pair.burst_seconds', 5, 'seconds', 'time a burst has: Meta''s six, and a little less', 'Meta, Platform rate limits', '2026-02-27', NULL),
    ('tier.TIER_50', 50, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL),
    ('tier.TIER_250', 250, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL),
    ('tier.TIER_1K', 1000, 'recipients in 24 h', 'messaging limit of a portfolio, of before', 'Meta, Messaging limits', '2024-01-01', NULL),
    ('tier.TIER_2K', 2000, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL),
    ('tier.TIER_10K', 10000, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL),
    ('tier.TIER_100K', 100000, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL),
    ('tier.TIER_UNLIMITED', NULL, 'recipients in 24 h', 'messaging limit of a portfolio', 'Meta, Messaging limits', '2026-09-01', NULL);

-- A count of different things within a moving 24 hours: the recipients a portfolio reaches outside service windows, which all its numbers
-- share (`portfolio:<id>`), or the messages with a template (`template:<waba>:<name>:<language>`).
--
-- Whoever changes what is counted holds the lock of this row, and takes those of several in the order of their keys, before pairs and messages.
CREATE TABLE gateway.quota (
    key text PRIMARY KEY CHECK (key LIKE 'portfolio:%' OR key LIKE 'template:%'),
    -- Null: no limit.
    per_day integer CHECK (per_day > 0),
    shadow boolean NOT NULL DEFAULT false,
    source text NOT NULL,
    effective timestamptz NOT NULL DEFAULT jobs.now(),
    -- A person who set it, after which Meta's word changes it no more; null: as Meta says.
    set_by text,
    -- Meta's word for it, such as TIER_2K.
    tier text,
    -- Different items in quota_use.
    used integer NOT NULL DEFAULT 0 CHECK (used >= 0),
    -- Messages are held for it, in their order: none may overtake them.
    waiting boolean NOT NULL DEFAULT false
);

-- What is counted, and until when. A recipient is counted once, however many messages reach them; each message holds them by itself.
CREATE TABLE gateway.quota_use (
    key text NOT NULL,
    -- The recipient's address, or the message's id.
    item text NOT NULL,
    message_id uuid NOT NULL,
    -- Which attempt of the message took it: what is heard of an earlier one does not free it.
    attempt integer NOT NULL,
    until timestamptz NOT NULL,
    -- Beyond the limit, because the quota was in shadow: it counts for Meta, and not for what would have been held back.
    is_over boolean NOT NULL DEFAULT false,
    PRIMARY KEY (key, item, message_id)
);

CREATE INDEX quota_use_over ON gateway.quota_use (key, item) WHERE is_over;

-- 24 hours and a quarter: Meta counts from when it has the request, or has delivered the message, which is after what we know of. A second too
-- short would be one recipient too many.
CREATE FUNCTION gateway.counted_until(p_at timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT p_at + interval '24 hours 15 minutes' $$;

CREATE INDEX quota_use_until ON gateway.quota_use (key, until);

-- Append-only, so that no status waits for a quota: places that are free again (until is null), and recipients who were reached, who count
-- from then. Taken in by whoever looks next.
CREATE TABLE gateway.quota_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL,
    item text NOT NULL,
    message_id uuid NOT NULL,
    attempt integer NOT NULL,
    until timestamptz
);

CREATE INDEX quota_mark_key ON gateway.quota_mark (key, id);

-- Whatever ends a message ends its places too: a trigger, so that no way of ending one can forget it.
CREATE FUNCTION gateway.mark_quotas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway.quota_mark (key, item, message_id, attempt, until)
    SELECT u.key, CASE WHEN u.key LIKE 'portfolio:%' THEN NEW.address ELSE NEW.id::text END, NEW.id,
        -- What is taken for a message that waits is for its next attempt.
        NEW.attempts + CASE WHEN OLD.state IN ('queued', 'held') THEN 1 ELSE 0 END,
        CASE WHEN NEW.state IN ('delivered', 'read', 'accepted', 'sent') THEN gateway.counted_until(coalesce(NEW.delivered_at, NEW.read_at, jobs.now())) END
    FROM unnest(NEW.quotas) AS u (key)
    -- A template counts what Meta took, whether it arrives or not.
    WHERE u.key LIKE 'portfolio:%' OR NEW.state NOT IN ('delivered', 'read', 'accepted', 'sent', 'failed')
        OR NEW.state = 'failed' AND NEW.wamid IS NULL OR OLD.state = 'failed' AND NEW.state <> 'failed';
    RETURN NULL;
END
$$;

CREATE TRIGGER message_ends_quotas AFTER UPDATE OF state ON gateway.message FOR EACH ROW
WHEN (NEW.quotas IS NOT NULL AND NEW.state <> OLD.state AND (NEW.state IN ('delivered', 'read', 'failed', 'expired', 'cancelled', 'held')
    -- A person said that it was not sent, and Meta that it was.
    OR OLD.state = 'failed' AND NEW.state IN ('accepted', 'sent')) AND NOT (OLD.state = 'delivered' AND NEW.state = 'read'))
EXECUTE FUNCTION gateway.mark_quotas();

-- Takes all marks in, then drops what is over, 5,000 at most: what was told later than it was over must not be dropped before it is read. And
-- a mark that is left unread could free a place that was taken after it. The caller holds the lock of the quota.
CREATE FUNCTION gateway.fold_quota(p_key text) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    v_now timestamptz := jobs.now();
    v_marks bigint[];
    v_over tid[];
    v_items text[];
    v_before integer;
BEGIN
    LOOP
        SELECT array_agg(m.id) INTO v_marks FROM (SELECT id FROM gateway.quota_mark WHERE key = p_key ORDER BY id LIMIT 2000) m;
        v_over := NULL;
        IF v_marks IS NULL THEN
            SELECT array_agg(u.place) INTO v_over
            FROM (SELECT ctid AS place FROM gateway.quota_use WHERE key = p_key AND until <= v_now ORDER BY until LIMIT 5000) u;
            EXIT WHEN v_over IS NULL;
        END IF;
        SELECT array_agg(DISTINCT x.item) INTO v_items FROM (
            SELECT item FROM gateway.quota_mark WHERE id = ANY (v_marks)
            UNION ALL SELECT item FROM gateway.quota_use WHERE ctid = ANY (v_over)) x;
        SELECT count(DISTINCT item) INTO v_before FROM gateway.quota_use WHERE key = p_key AND item = ANY (v_items);
        DELETE FROM gateway.quota_use WHERE ctid = ANY (v_over) AND key = p_key;
        -- The last word on each message counts: what failed may yet arrive.
        WITH m AS (DELETE FROM gateway.quota_mark WHERE id = ANY (v_marks) RETURNING *),
        l AS MATERIALIZED (SELECT DISTINCT ON (message_id) * FROM m ORDER BY message_id, id DESC),
        freed AS (
            DELETE FROM gateway.quota_use u USING l
            WHERE u.key = p_key AND u.item = l.item AND u.message_id = l.message_id AND l.until IS NULL AND u.attempt <= l.attempt)
        INSERT INTO gateway.quota_use AS u (key, item, message_id, attempt, until)
        SELECT p_key, l.item, l.message_id, l.attempt, l.until FROM l WHERE l.until > v_now ORDER BY l.item, l.message_id
        ON CONFLICT (key, item, message_id) DO UPDATE SET until = greatest(u.until, EXCLUDED.until);
        UPDATE gateway.quota q SET used = q.used - v_before
            + (SELECT count(DISTINCT item) FROM gateway.quota_use WHERE key = p_key AND item = ANY (v_items))
        WHERE q.key = p_key;
        EXIT WHEN v_marks IS NULL;
    END LOOP;
END
$$;

-- Locks those quotas of the ones named that exist, in the order of their keys, and tells how they stand.
CREATE FUNCTION gateway.open_quotas(p_keys text[])
RETURNS TABLE (key text, per_day integer, shadow boolean, used integer, waiting boolean, over bigint)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_keys text[];
BEGIN
    SELECT array_agg(l.key ORDER BY l.key) INTO v_keys
    FROM (SELECT key FROM gateway.quota WHERE key = ANY (p_keys) ORDER BY key FOR UPDATE) l;
    IF v_keys IS NULL THEN
        RETURN;
    END IF;
    FOR i IN 1..cardinality(v_keys) LOOP
        PERFORM gateway.fold_quota(v_keys[i]);
    END LOOP;
    RETURN QUERY SELECT q.key, q.per_day, q.shadow, q.used, q.waiting,
        CASE WHEN q.shadow THEN (SELECT count(DISTINCT u.item) FROM gateway.quota_use u WHERE u.key = q.key AND u.is_over) ELSE 0 END
    FROM gateway.quota q WHERE q.key = ANY (v_keys) ORDER BY q.key;
END
$$;

-- Counts items for 24 hours from now, each for a message. The caller holds the locks of the quotas.
CREATE FUNCTION gateway.take_quotas(p_keys text[], p_items text[], p_ids uuid[], p_attempts integer[], p_over boolean[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
    v_until timestamptz := gateway.counted_until(jobs.now());
BEGIN
    WITH n AS MATERIALIZED (
        SELECT * FROM unnest(p_keys, p_items, p_ids, p_attempts, p_over) AS u (key, item, id, attempt, is_over)),
    fresh AS (
        SELECT n.key, count(DISTINCT n.item) AS items FROM n
        WHERE NOT EXISTS (SELECT FROM gateway.quota_use u WHERE u.key = n.key AND u.item = n.item) GROUP BY n.key),
    taken AS (
        INSERT INTO gateway.quota_use AS u (key, item, message_id, attempt, until, is_over)
        SELECT DISTINCT ON (n.key, n.item, n.id) n.key, n.item, n.id, n.attempt, v_until, n.is_over FROM n ORDER BY n.key, n.item, n.id
        ON CONFLICT (key, item, message_id) DO UPDATE SET until = EXCLUDED.until, attempt = greatest(u.attempt, EXCLUDED.attempt),
            is_over = EXCLUDED.is_over),
    within AS (
        UPDATE gateway.quota_use u SET is_over = false FROM n
        WHERE u.key = n.key AND u.item = n.item AND u.message_id <> n.id AND u.is_over AND NOT n.is_over
            -- Those are told above.
            AND NOT EXISTS (SELECT FROM n o WHERE o.key = u.key AND o.item = u.item AND o.id = u.message_id))
    UPDATE gateway.quota q SET used = q.used + fresh.items FROM fresh WHERE q.key = fresh.key;
END
$$;

-- Those of these items that are counted; what is beyond the limit is not.
CREATE FUNCTION gateway.counted(p_keys text[], p_items text[]) RETURNS TABLE (key text, item text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY SELECT n.key, n.item FROM unnest(p_keys, p_items) AS n (key, item)
    WHERE EXISTS (SELECT FROM gateway.quota_use u WHERE u.key = n.key AND u.item = n.item AND NOT u.is_over OFFSET 0);
END
$$;

-- Counts what a number has sent in the last 24 hours where it was not counted then: its portfolio, or the limit of a template, was not known.
-- Whether a recipient's window was open is not known any more, so all of them count. The caller holds the lock of the quota, and the gate of
-- quotas alone: what is being let go at this moment, by somebody who does not see the quota yet, is committed by then.
CREATE FUNCTION gateway.count_sender(p_key text, p_sender text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_sent uuid[];
BEGIN
    -- In the order in which all lock messages.
    SELECT array_agg(l.id) INTO v_sent FROM (
        SELECT m.id FROM gateway.message m
        WHERE m.sender = p_sender AND m.kind = 'template' AND m.sent_at > jobs.now() - interval '24 hours 15 minutes'
            -- A template counts what Meta took, whether it arrives or not.
            AND (m.state IN ('sending', 'unknown', 'accepted', 'sent', 'delivered', 'read')
                OR p_key LIKE 'template:%' AND m.state = 'failed' AND m.wamid IS NOT NULL)
            AND (p_key LIKE 'portfolio:%' OR p_key = 'template:' || split_part(p_key, ':', 2) || ':' || m.template_name || ':' || m.template_language)
        ORDER BY m.id FOR UPDATE) l;
    IF v_sent IS NULL THEN
        RETURN;
    END IF;
    -- Some may have it: the quota was dropped, and is set again.
    UPDATE gateway.message SET quotas = array_append(quotas, p_key) WHERE id = ANY (v_sent) AND p_key <> ALL (coalesce(quotas, '{}'));
    INSERT INTO gateway.quota_mark (key, item, message_id, attempt, until)
    SELECT p_key, CASE WHEN p_key LIKE 'portfolio:%' THEN m.address ELSE m.id::text END, m.id, m.attempts,
        gateway.counted_until(coalesce(m.delivered_at, m.sent_at))
    FROM gateway.message m WHERE m.id = ANY (v_sent);
END
$$;

-- Which messages held for a quota may go when so many places are free: in their order, those of numbers that send. A place is for a recipient:
-- all that is held for one goes with it, and what is for a counted one needs none.
CREATE FUNCTION gateway.pick_held(p_key text, p_free integer, p_max integer) RETURNS TABLE (id uuid, item text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH w AS MATERIALIZED (
        SELECT m.id, CASE WHEN p_key LIKE 'portfolio:%' THEN m.address ELSE m.id::text END AS item,
            row_number() OVER (ORDER BY m.priority, m.seq) AS n
        FROM gateway.message m JOIN gateway.sender s ON s.phone_number_id = m.sender JOIN jobs.lane l ON l.id = s.lane_id
        WHERE m.waits_for = 'quota' AND m.held_for = p_key AND (s.state = 'active' AND NOT l.paused OR s.moved_to IS NOT NULL)
        ORDER BY m.priority, m.seq LIMIT p_max * 4),
    c AS (
        SELECT w.*, min(w.n) OVER (PARTITION BY w.item) AS first, EXISTS (
            SELECT FROM gateway.quota_use u WHERE u.key = p_key AND u.item = w.item OFFSET 0) AS counted FROM w),
    r AS (SELECT c.*, dense_rank() OVER (PARTITION BY c.counted ORDER BY c.first) AS place FROM c)
    SELECT r.id, r.item FROM r WHERE r.counted OR r.place <= p_free ORDER BY r.n LIMIT p_max;
END
$$;

-- When a message held for a quota may go: as what is counted gets too old, one place after the other, round after round of 24 hours.
CREATE FUNCTION gateway.quota_turn(p_id uuid) RETURNS TABLE (key text, until timestamptz)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    m gateway.message;
    q gateway.quota;
    v_behind bigint;
    v_places bigint;
BEGIN
    SELECT * INTO m FROM gateway.message WHERE id = p_id;
    SELECT * INTO q FROM gateway.quota WHERE key = m.held_for;
    key := m.held_for;
    -- 100,000 in front: that is exact enough.
    SELECT count(DISTINCT o.item) - 1 INTO v_behind FROM (
        SELECT CASE WHEN m.held_for LIKE 'portfolio:%' THEN x.address ELSE x.id::text END AS item FROM gateway.message x
        WHERE x.waits_for = 'quota' AND x.held_for = m.held_for AND (x.priority, x.seq) <= (m.priority, m.seq) LIMIT 100000) o;
    v_behind := greatest(0, v_behind - greatest(0, q.per_day - q.used));
    SELECT count(*) INTO v_places FROM (SELECT DISTINCT item FROM gateway.quota_use WHERE key = m.held_for) u;
    IF v_places > 0 THEN
        SELECT u.until + (v_behind / v_places) * interval '24 hours 15 minutes' INTO until
        FROM (SELECT max(until) AS until FROM gateway.quota_use WHERE key = m.held_for GROUP BY item) u
        ORDER BY u.until OFFSET v_behind % v_places LIMIT 1;
    END IF;
    RETURN NEXT;
END
$$;

-- How often a limit held something back, or would have: appended by admission, summed up by the day.
CREATE TABLE gateway.limit_hit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,
    -- The number whose pairs they are, or the quota.
    key text NOT NULL,
    day date NOT NULL DEFAULT (jobs.now() AT TIME ZONE 'UTC')::date,
    -- Those that had to wait, and those that went because the limit is in shadow.
    held integer NOT NULL,
    let_go integer NOT NULL
);

CREATE TABLE gateway.limit_day (
    rule text NOT NULL,
    key text NOT NULL,
    day date NOT NULL,
    held bigint NOT NULL,
    let_go bigint NOT NULL,
    PRIMARY KEY (rule, key, day)
);

-- Sums hits up, so many at most, and forgets days of more than 90 days ago.
CREATE FUNCTION gateway.sum_hits(p_max integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    WITH d AS (
        DELETE FROM gateway.limit_hit WHERE id = ANY (ARRAY(
            SELECT id FROM gateway.limit_hit ORDER BY id LIMIT p_max FOR UPDATE SKIP LOCKED)) RETURNING *)
    INSERT INTO gateway.limit_day AS l (rule, key, day, held, let_go)
    SELECT d.rule, d.key, d.day, sum(d.held), sum(d.let_go) FROM d GROUP BY d.rule, d.key, d.day ORDER BY d.rule, d.key, d.day
    ON CONFLICT (rule, key, day) DO UPDATE SET held = l.held + EXCLUDED.held, let_go = l.let_go + EXCLUDED.let_go;
    -- Of quotas that were dropped.
    DELETE FROM gateway.quota_mark WHERE id = ANY (ARRAY(
        SELECT m.id FROM gateway.quota_mark m WHERE NOT EXISTS (SELECT FROM gateway.quota q WHERE q.key = m.key) LIMIT p_max));
    DELETE FROM gateway.limit_day WHERE day < (jobs.now() AT TIME ZONE 'UTC')::date - 90;
END
$$;

-- What numbers took of their throughput while it was in shadow, as it happened (real time). Append-only, so that no message waits for the count
-- of another one.
CREATE TABLE gateway.throughput_take (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender text NOT NULL,
    tokens integer NOT NULL CHECK (tokens > 0),
    -- Of messages that came in: they spend throughput, and are held back by none.
    inbound boolean NOT NULL,
    -- The rate that its lane would have.
    per_second double precision NOT NULL CHECK (per_second > 0),
    burst integer NOT NULL CHECK (burst > 0),
    at_us bigint NOT NULL DEFAULT jobs.now_us()
);

-- Until when the number's line would have been full, had each waited for its turn.
CREATE TABLE gateway.throughput_line (
    sender text PRIMARY KEY,
    tat_us bigint NOT NULL
);

-- Counts what was taken, so many rows at most: a message that went where its lane would have had no token for it is one that was let go. It
-- takes its place in the line as if it had waited. A line is an hour long at most. Returns how many rows it was.
CREATE FUNCTION gateway.fold_throughput(p_max integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    r record;
    v_rows integer := 0;
    v_sender text;
    v_tat bigint;
    v_over integer := 0;
    v_t bigint;
BEGIN
    -- One at a time, or rows of one number would be counted out of their order.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('gateway.fold_throughput', 0)) THEN
        RETURN 0;
    END IF;
    FOR r IN
        WITH d AS (
            DELETE FROM gateway.throughput_take WHERE id = ANY (ARRAY(
                SELECT id FROM gateway.throughput_take ORDER BY id LIMIT p_max)) RETURNING *)
        SELECT d.*, coalesce(l.tat_us, 0) AS tat_us, lead(d.sender) OVER w AS next FROM d
        LEFT JOIN gateway.throughput_line l ON l.sender = d.sender WINDOW w AS (ORDER BY d.sender, d.at_us, d.id)
        ORDER BY d.sender, d.at_us, d.id
    LOOP
        v_rows := v_rows + 1;
        IF r.sender IS DISTINCT FROM v_sender THEN
            v_sender := r.sender;
            v_tat := r.tat_us;
            v_over := 0;
        END IF;
        v_t := ceil(1000000 / r.per_second);
        v_tat := greatest(v_tat, r.at_us);
        IF NOT r.inbound THEN
            v_over := v_over + greatest(0, r.tokens - greatest(0, (r.at_us + r.burst * v_t - v_tat) / v_t))::integer;
        END IF;
        v_tat := least(v_tat + r.tokens * v_t, r.at_us + greatest(3600000000, v_t));
        IF r.next IS DISTINCT FROM v_sender THEN
            INSERT INTO gateway.throughput_line AS l (sender, tat_us) VALUES (v_sender, v_tat)
            ON CONFLICT (sender) DO UPDATE SET tat_us = EXCLUDED.tat_us;
            IF v_over > 0 THEN
                INSERT INTO gateway.limit_hit (rule, key, held, let_go) VALUES ('throughput', 'number:' || v_sender, 0, v_over);
            END IF;
        END IF;
    END LOOP;
    IF v_rows > 0 THEN
        DELETE FROM gateway.throughput_line WHERE tat_us < jobs.now_us() - 86400000000;
    END IF;
    RETURN v_rows;
END
$$;

-- Whether a number's throughput only counts: what Meta says of it does, and what a person has set holds.
CREATE FUNCTION gateway.throughput_in_shadow(p_level text, p_is_set boolean) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT p_is_set AND coalesce(
        (SELECT shadow FROM gateway.limit_rule WHERE name = 'number.' || lower(coalesce(p_level, 'standard'))), false) $$;
