-- owner: gateway
-- Senders and the messages they send. Columns named …_at hold business time (jobs.now()) unless the comment says real time.
CREATE SCHEMA gateway;

-- A business phone number that messages can be sent from.
CREATE TABLE gateway.sender (
    phone_number_id text PRIMARY KEY,
    e164 text NOT NULL,
    waba_id text NOT NULL,
    client_id text NOT NULL DEFAULT '',
    -- The business portfolio that owns the WABA, whose messaging limit all its numbers share; null: not known.
    portfolio_id text,
    -- The lane of its messages, `number:<phone_number_id>`.
    lane_id bigint NOT NULL,
    -- Numbers without a plus are read as national numbers of this region; null leaves them to be refused when they are ambiguous.
    default_region text,
    -- Messages a second that Meta allows, of all kinds, inbound too.
    per_second double precision NOT NULL DEFAULT 80 CHECK (per_second > 0 AND per_second <= 10000),
    -- A person has set it, after which Meta's word changes it no more.
    per_second_is_set boolean NOT NULL DEFAULT false,
    -- The limit only counts: its lane has no rate, and what is taken is noted in throughput_take.
    in_shadow boolean NOT NULL DEFAULT false,
    -- Meta's words for its throughput; and when Meta is to be asked again (real time), when it was, and what went wrong then.
    throughput_level text,
    -- When Meta's check of identities was switched on for it (real time); null: not by us, or to be done again.
    identity_check_at timestamptz,
    -- The epoch: before all that is only due.
    ask_at timestamptz NOT NULL DEFAULT 'epoch',
    asked_at timestamptz,
    ask_error text,
    -- In a row.
    ask_failures integer NOT NULL DEFAULT 0,
    identity_mode text NOT NULL DEFAULT 'off' CHECK (identity_mode IN ('off', 'observe', 'enforce')),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped', 'retired')),
    -- Why it is stopped, by whom, since when.
    stopped_reason text,
    stopped_by text,
    stopped_at timestamptz,
    -- The id the number has since its cut-over; what is sent to the old one goes there.
    moved_to text,
    created_at timestamptz NOT NULL DEFAULT jobs.now(),
    updated_at timestamptz NOT NULL DEFAULT jobs.now(),
    CHECK ((state = 'stopped') = (stopped_reason IS NOT NULL))
);

CREATE INDEX sender_by_waba ON gateway.sender (waba_id);
CREATE INDEX sender_by_number ON gateway.sender (e164);
CREATE INDEX sender_by_portfolio ON gateway.sender (portfolio_id);
-- What an id was before its number moved to it.
CREATE INDEX sender_moved ON gateway.sender (moved_to) WHERE moved_to IS NOT NULL;
CREATE INDEX sender_to_ask ON gateway.sender (ask_at) WHERE state <> 'retired';

CREATE TABLE gateway.message (
    id uuid PRIMARY KEY,
    -- The order of hand-in; what pages continue from.
    seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sender text NOT NULL,
    edge text NOT NULL,
    lane text NOT NULL,
    priority smallint NOT NULL,
    -- The recipient as the caller wrote it, and how it was read.
    recipient_raw text NOT NULL,
    e164 text,
    user_id text,
    -- e164, or the user id: what the recipient is known by.
    address text NOT NULL,
    rule text,
    number_valid boolean,
    metadata text,
    kind text NOT NULL,
    template_name text,
    template_language text,
    -- The caller's JSON without recipient, callback data and hash.
    body bytea NOT NULL,
    state text NOT NULL,
    -- Why it is held, failed, expired or unknown: a word or an error code, then a sentence.
    reason_code text,
    reason text,
    job_id bigint,
    attempts integer NOT NULL DEFAULT 0,
    own_hash text,
    hash_attached text,
    -- Sent again after its recipient was verified: not with the caller's hash, and with one of ours only once a new one is known.
    without_hash boolean NOT NULL DEFAULT false,
    wamid text,
    -- Of transmissions that failed before this one; their late statuses change nothing.
    old_wamids text[] NOT NULL DEFAULT '{}',
    wa_id text,
    graph_answer bytea,
    graph_error bytea,
    http_status integer,
    error_code integer,
    tag text,
    client_data text,
    notify_run text,
    api_key_id uuid,
    -- Its caller was answered before anything had become of it: an end that Meta has not told of goes on to the systems that webhooks go to.
    answered_early boolean NOT NULL DEFAULT false,
    needs_person boolean NOT NULL DEFAULT false,
    -- The quotas it is counted in, and the one it is held for.
    quotas text[],
    held_for text,
    created_at timestamptz NOT NULL DEFAULT jobs.now(),
    updated_at timestamptz NOT NULL DEFAULT jobs.now(),
    expires_at timestamptz,
    sent_at timestamptz,
    unknown_at timestamptz,
    accepted_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    failed_at timestamptz,
    -- Work lists. Only these columns are indexed of what changes, and on the way from queued to read they stay null: so those updates are
    -- heap-only, and no index grows with the statuses of a message.
    expiring_at timestamptz GENERATED ALWAYS AS (CASE WHEN state IN ('queued', 'held') THEN expires_at END) STORED,
    unknown_since timestamptz GENERATED ALWAYS AS (CASE WHEN state = 'unknown' AND NOT needs_person THEN unknown_at END) STORED,
    -- What it waits for: that a person verifies its recipient, after which it goes (again), that its template may be used, or that a quota has
    -- a place for it.
    waits_for text GENERATED ALWAYS AS (CASE
        WHEN (state = 'held' AND reason_code = 'recipient_changed') OR (state = 'failed' AND reason_code = '137000') THEN 'recipient'
        WHEN state = 'held' AND reason_code = 'template_held' THEN 'template'
        WHEN state = 'held' AND held_for IS NOT NULL AND reason_code IN ('portfolio_limit', 'template_quota') THEN 'quota' END) STORED,
    CHECK (e164 IS NOT NULL OR user_id IS NOT NULL),
    CHECK (state IN ('queued', 'held', 'sending', 'unknown', 'accepted', 'sent', 'delivered', 'read', 'failed', 'expired', 'cancelled'))
) WITH (fillfactor = 40);

CREATE INDEX message_by_tag ON gateway.message (tag text_pattern_ops) WHERE tag IS NOT NULL;
CREATE INDEX message_by_sender ON gateway.message (sender, seq);
CREATE INDEX message_by_address ON gateway.message (address, seq);
CREATE INDEX message_expiring ON gateway.message (expiring_at) WHERE expiring_at IS NOT NULL;
CREATE INDEX message_unknown ON gateway.message (unknown_since) WHERE unknown_since IS NOT NULL;
CREATE INDEX message_needs_person ON gateway.message (seq) WHERE needs_person;
CREATE INDEX message_awaiting_trust ON gateway.message (seq) WHERE waits_for = 'recipient';
CREATE INDEX message_held_template ON gateway.message (sender, template_name, template_language) WHERE waits_for = 'template';
CREATE INDEX message_held_quota ON gateway.message (held_for, priority, seq) WHERE waits_for = 'quota';

-- Which message a wamid is of, by its hash: for statuses that do not carry our name. Insert-only, so that the message itself needs no index
-- on what comes late.
CREATE TABLE gateway.wamid (hash bigint NOT NULL, message_id uuid NOT NULL, PRIMARY KEY (hash, message_id));

CREATE FUNCTION gateway.wamid_hash(p_wamid text) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtextextended(p_wamid, 0) $$;

-- Everything that happened to a message after its hand-in.
CREATE TABLE gateway.event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    message_id uuid NOT NULL,
    kind text NOT NULL,
    -- Statuses: the wamid, and Meta's own time in whole seconds.
    wamid text,
    occurred_at timestamptz,
    code integer,
    detail text,
    -- A status, an answer or an error as it came.
    data bytea,
    recorded_at timestamptz NOT NULL DEFAULT jobs.now(),
    PRIMARY KEY (message_id, id)
);

-- The same status comes more than once.
CREATE UNIQUE INDEX event_status ON gateway.event (message_id, kind, wamid, occurred_at) NULLS NOT DISTINCT WHERE kind LIKE 'status.%';

-- Keys that callers gave; real time.
CREATE TABLE gateway.idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    message_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_expiring ON gateway.idempotency (expires_at);

-- What Meta allows from one number to one recipient; real time. A burst may borrow from what comes, and is paid back before the next.
CREATE TABLE gateway.pair (
    sender text NOT NULL,
    address text NOT NULL,
    burst_at timestamptz NOT NULL,
    in_burst integer NOT NULL,
    free_at timestamptz NOT NULL,
    -- 131056 in a row.
    failures integer NOT NULL DEFAULT 0,
    PRIMARY KEY (sender, address)
) WITH (fillfactor = 70);

CREATE INDEX pair_free ON gateway.pair (free_at);

-- Templates that nothing is sent with until a time, or until a person lifts it.
CREATE TABLE gateway.template_hold (
    waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    reason text NOT NULL,
    code integer,
    held_at timestamptz NOT NULL DEFAULT jobs.now(),
    until timestamptz,
    PRIMARY KEY (waba_id, name, language)
);

-- Codes of Meta's that no rule knows: a person reads what came with them and decides. One row a code, and a thousand at most.
CREATE TABLE gateway.unknown_code (
    -- In digits; 'none' where an error carried no code.
    code text PRIMARY KEY,
    count bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT jobs.now(),
    last_at timestamptz NOT NULL DEFAULT jobs.now(),
    -- The last one it came for, and what Meta said.
    message_id uuid NOT NULL,
    sender text NOT NULL,
    detail text NOT NULL
);

-- Statuses that name no message yet: they can outrun the answer to the send. Kept for a day of real time.
CREATE TABLE gateway.orphan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wamid text NOT NULL,
    phone_number_id text NOT NULL,
    status bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX orphan_by_wamid ON gateway.orphan (wamid);
CREATE INDEX orphan_by_age ON gateway.orphan (received_at);

-- Statuses of messages that another system sent, by number and day.
CREATE TABLE gateway.stray (
    phone_number_id text NOT NULL,
    day date NOT NULL,
    statuses bigint NOT NULL,
    PRIMARY KEY (phone_number_id, day)
);

-- When a recipient last wrote: free-form messages may go for 24 hours after.
CREATE TABLE gateway.service_window (
    sender text NOT NULL,
    address text NOT NULL,
    last_inbound_at timestamptz NOT NULL,
    PRIMARY KEY (sender, address)
);

-- Takes a place for each message of a batch, in one order of keys. until is null for those that may go now. A pair at rest begins anew; one
-- that is not may borrow within the window of its burst, unless Meta has just refused it. Those that wait line up behind each other. is_over
-- tells what the rule holds back, or would if it were not in shadow.
CREATE FUNCTION gateway.take_pairs(
    p_senders text[], p_addresses text[], p_interval double precision, p_burst integer, p_window double precision, p_shadow boolean
) RETURNS TABLE (place bigint, until timestamptz, failures integer, is_over boolean)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_nestloop = off SET enable_hashjoin = on AS $$
DECLARE
    o record;
    v_now timestamptz := clock_timestamp();
    v_step interval := make_interval(secs => p_interval);
    v_window interval := make_interval(secs => p_window);
    v_sender text := '';
    v_address text := '';
    v_line integer := 0;
    v_taken bigint[];
    v_failures integer[];
BEGIN
    -- The first of each pair, all in one statement: nearly always that is all of them, and they may go. Joined by a hash: the planner expects
    -- ten rows, and in a nested loop 128 of them took 3 ms of the 4 that this takes. Said above, because our caller's settings hold here too.
    WITH f AS MATERIALIZED (
        SELECT DISTINCT ON (u.sender, u.address) u.sender, u.address, u.n
        FROM unnest(p_senders, p_addresses) WITH ORDINALITY AS u (sender, address, n) ORDER BY u.sender, u.address, u.n),
    t AS (
        INSERT INTO gateway.pair AS p (sender, address, burst_at, in_burst, free_at)
        SELECT f.sender, f.address, v_now, 1, v_now + v_step FROM f ORDER BY f.sender, f.address
        ON CONFLICT (sender, address) DO UPDATE SET
            burst_at = CASE WHEN p.free_at <= v_now THEN v_now ELSE p.burst_at END,
            in_burst = CASE WHEN p.free_at <= v_now THEN 1 ELSE p.in_burst + 1 END,
            free_at = CASE WHEN p.free_at <= v_now THEN v_now ELSE p.free_at END + v_step
        WHERE p.free_at <= v_now OR (v_now < p.burst_at + v_window AND p.in_burst < p_burst AND p.failures = 0)
        RETURNING p.sender, p.address, p.failures)
    SELECT array_agg(f.n), array_agg(t.failures) INTO v_taken, v_failures FROM f JOIN t ON t.sender = f.sender AND t.address = f.address;
    RETURN QUERY SELECT u.n, NULL::timestamptz, u.failures, false FROM unnest(v_taken, v_failures) AS u (n, failures);
    IF cardinality(v_taken) = cardinality(p_senders) THEN
        RETURN;
    END IF;
    -- The others, whose rows are locked by now: they wait, or are further ones of a burst.
    FOR o IN
        SELECT u.* FROM unnest(p_senders, p_addresses) WITH ORDINALITY AS u (sender, address, n)
        WHERE v_taken IS NULL OR u.n <> ALL (v_taken) ORDER BY u.sender, u.address, u.n
    LOOP
        IF o.sender <> v_sender OR o.address <> v_address THEN
            v_line := 0;
            v_sender := o.sender;
            v_address := o.address;
        END IF;
        place := o.n;
        until := NULL;
        UPDATE gateway.pair AS p SET
            burst_at = CASE WHEN p.free_at <= v_now THEN v_now ELSE p.burst_at END,
            in_burst = CASE WHEN p.free_at <= v_now THEN 1 ELSE p.in_burst + 1 END,
            free_at = CASE WHEN p.free_at <= v_now THEN v_now ELSE p.free_at END + v_step
        WHERE p.sender = o.sender AND p.address = o.address
            AND (p.free_at <= v_now OR (v_now < p.burst_at + v_window AND p.in_burst < p_burst AND p.failures = 0))
        RETURNING p.failures INTO failures;
        is_over := NOT FOUND;
        -- What Meta has just refused rests, whatever we only count.
        IF is_over AND p_shadow AND EXISTS (
            SELECT FROM gateway.pair p WHERE p.sender = o.sender AND p.address = o.address AND p.failures = 0)
        THEN
            -- No longer than a whole burst: else one refusal of Meta's, or the end of the shadow, would call in the debt of hours.
            UPDATE gateway.pair AS p SET in_burst = p.in_burst + 1,
                free_at = least(greatest(p.free_at, v_now) + v_step, greatest(p.free_at, v_now + p_burst * v_step))
            WHERE p.sender = o.sender AND p.address = o.address RETURNING p.failures INTO failures;
        ELSIF is_over THEN
            SELECT p.free_at + v_line * v_step, p.failures INTO until, failures FROM gateway.pair p
            WHERE p.sender = o.sender AND p.address = o.address;
            v_line := v_line + 1;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- Takes a place in its pair for each message, and sets those on their way whose pair is free (until is null) and which are still queued with
-- these jobs. p_quotas are those each is counted in, separated by line feeds, which no key holds. Rows of messages are locked in the order of
-- their ids, after those of pairs.
CREATE FUNCTION gateway.begin(
    p_ids uuid[], p_jobs bigint[], p_hashes text[], p_quotas text[], p_senders text[], p_addresses text[], p_interval double precision,
    p_burst integer, p_window double precision, p_shadow boolean
) RETURNS TABLE (place bigint, until timestamptz, failures integer, is_over boolean, begun boolean)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := jobs.now();
    v_places bigint[];
    v_until timestamptz[];
    v_failures integer[];
    v_over boolean[];
    v_begun uuid[];
BEGIN
    SELECT array_agg(t.place), array_agg(t.until), array_agg(t.failures), array_agg(t.is_over) INTO v_places, v_until, v_failures, v_over
    FROM gateway.take_pairs(p_senders, p_addresses, p_interval, p_burst, p_window, p_shadow) t;
    WITH n AS MATERIALIZED (
        SELECT p_ids[t.place] AS id, p_jobs[t.place] AS job, p_hashes[t.place] AS hash, string_to_array(p_quotas[t.place], E'\n') AS quotas
        FROM unnest(v_places, v_until) AS t (place, until) WHERE t.until IS NULL ORDER BY 1),
    b AS (
        UPDATE gateway.message m SET state = 'sending', attempts = m.attempts + 1, hash_attached = n.hash, quotas = n.quotas, sent_at = v_now,
            reason_code = NULL, reason = NULL, updated_at = v_now
        FROM n WHERE m.id = n.id AND m.state = 'queued' AND m.job_id = n.job RETURNING m.id)
    SELECT array_agg(b.id) INTO v_begun FROM b;
    RETURN QUERY SELECT t.place, t.until, t.failures, t.is_over, coalesce(p_ids[t.place] = ANY (v_begun), false)
    FROM unnest(v_places, v_until, v_failures, v_over) AS t (place, until, failures, is_over);
END
$$;

-- Messages that ended without Meta having had them, whose callers still wait to hear of it. A trigger, so that no way of ending one can forget
-- it; taken away by who tells.
CREATE TABLE gateway.message_end (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL
);

CREATE FUNCTION gateway.mark_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gateway.message_end (message_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;

CREATE TRIGGER message_ends_untold AFTER UPDATE OF state, answered_early ON gateway.message FOR EACH ROW
WHEN (NEW.answered_early AND NEW.wamid IS NULL AND NEW.state IN ('failed', 'expired', 'cancelled')
    AND (NEW.state <> OLD.state OR NOT OLD.answered_early))
EXECUTE FUNCTION gateway.mark_end();

-- Takes answers that accept messages over, as far as nothing has happened to those since their request: the usual case, in one statement.
-- Returns what it took, when, and whether a status with the wamid has come before. Rows are locked in the order of their ids, as everywhere.
CREATE FUNCTION gateway.accept(
    p_ids uuid[], p_jobs bigint[], p_wamids text[], p_wa_ids text[], p_answers bytea[], p_http integer[]
) RETURNS TABLE (id uuid, is_early boolean, at timestamptz) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := jobs.now();
BEGIN
    RETURN QUERY
    WITH n AS MATERIALIZED (
        SELECT * FROM unnest(p_ids, p_jobs, p_wamids, p_wa_ids, p_answers, p_http) AS u (id, job, wamid, wa_id, answer, http) ORDER BY u.id),
    taken AS (
        UPDATE gateway.message m SET state = 'accepted', wamid = n.wamid, wa_id = coalesce(n.wa_id, m.wa_id), graph_answer = n.answer,
            http_status = n.http, accepted_at = v_now, updated_at = v_now
        FROM n WHERE m.id = n.id AND m.state = 'sending' AND m.job_id = n.job AND m.wamid IS NULL AND m.accepted_at IS NULL
            AND NOT m.needs_person
        RETURNING m.id, n.wamid),
    named AS (INSERT INTO gateway.wamid (hash, message_id) SELECT gateway.wamid_hash(t.wamid), t.id FROM taken t ON CONFLICT DO NOTHING),
    told AS (INSERT INTO gateway.event (message_id, kind, wamid, detail, recorded_at)
        SELECT t.id, 'accepted', t.wamid, 'accepted', v_now FROM taken t)
    SELECT t.id, EXISTS (SELECT FROM gateway.orphan o WHERE o.wamid = t.wamid), v_now FROM taken t;
END
$$;

-- Drops what is no longer needed, so many rows of each kind at most, by the indexes of age.
CREATE FUNCTION gateway.tidy(p_max int) RETURNS void
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
BEGIN
    DELETE FROM gateway.idempotency WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM gateway.idempotency WHERE expires_at < statement_timestamp() ORDER BY expires_at LIMIT p_max FOR UPDATE SKIP LOCKED));
    DELETE FROM gateway.orphan WHERE id = ANY (ARRAY(
        SELECT id FROM gateway.orphan WHERE received_at < statement_timestamp() - interval '1 day' ORDER BY received_at LIMIT p_max
            FOR UPDATE SKIP LOCKED));
END
$$;

-- Drops pairs that have been at rest for a minute, so many at most, those that were free by p_since left aside. Such a pair says nothing but
-- how often it was refused in a row, and that counts for ten minutes. Kept as long, all of them were 2.4 million rows at 4,000 messages a
-- second, and their key's index 250 MB. Returns how many it was, and from where to go on: what was dropped before is not read again, as
-- PostgreSQL cannot take it out of the index while a snapshot is held.
CREATE FUNCTION gateway.tidy_pairs(p_max int, p_since timestamptz, OUT dropped int, OUT through timestamptz)
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_rested timestamptz := statement_timestamp() - interval '1 minute';
BEGIN
    WITH d AS (
        DELETE FROM gateway.pair WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM gateway.pair WHERE free_at >= p_since AND free_at < v_rested
                AND (failures = 0 OR free_at < statement_timestamp() - interval '10 minutes') ORDER BY free_at LIMIT p_max
                FOR UPDATE SKIP LOCKED))
        RETURNING free_at)
    SELECT count(*), max(free_at) INTO dropped, through FROM d;
    IF dropped < p_max THEN
        through := v_rested;
    END IF;
END
$$;

-- Deletes messages that nothing has happened to for so many days and nothing waits for any more, with their history: so many at most, the
-- oldest first. They are found by the time in their ids (version 7), so that no index of age is needed; that is the clock of whoever took them,
-- and the last change, by this server's clock, has to be as long ago. What may still go, or waits for a person, a recipient or a template,
-- stays whatever its age. Returns how many it was.
CREATE FUNCTION gateway.forget(p_days int, p_max int) RETURNS int
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    v_before uuid;
    v_ids uuid[];
BEGIN
    IF p_days < 60 THEN
        RAISE 'messages are kept for 60 days at least, not %', p_days;
    END IF;
    v_before := (lpad(to_hex(greatest(0, extract(epoch FROM clock_timestamp() - make_interval(days => p_days)) * 1000)::bigint), 12, '0')
        || repeat('0', 20))::uuid;
    SELECT array_agg(m.id) INTO v_ids FROM (
        SELECT id FROM gateway.message
        WHERE id < v_before AND updated_at < jobs.now() - make_interval(days => p_days)
            AND state NOT IN ('queued', 'held', 'sending', 'unknown') AND NOT needs_person
            -- What failed with 137000 goes again within 30 days, or not at all.
            AND (waits_for IS NULL OR state = 'failed')
        ORDER BY id LIMIT p_max FOR UPDATE SKIP LOCKED) m;
    IF v_ids IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM gateway.event WHERE message_id = ANY (v_ids);
    DELETE FROM gateway.wamid w USING (
        SELECT gateway.wamid_hash(u.wamid) AS hash, m.id FROM gateway.message m
        CROSS JOIN LATERAL unnest(m.old_wamids || m.wamid) AS u (wamid) WHERE m.id = ANY (v_ids) AND u.wamid IS NOT NULL) n
    WHERE w.hash = n.hash AND w.message_id = n.id;
    DELETE FROM gateway.message WHERE id = ANY (v_ids);
    RETURN cardinality(v_ids);
END
$$;
