-- owner: recipients
-- Who the recipients of each sender are: their names at Meta, their identity hash, whether they are trusted, what they refused.
-- Columns named …_at hold business time (jobs.now()), the clock that webhooks are stamped with; recorded_at is real time.
CREATE SCHEMA recipients;

-- One person as one sender knows them. The row belongs to the wa_id; a person whose number is hidden has a user_id only.
CREATE TABLE recipients.contact (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone_number_id text NOT NULL,
    -- Both come from Meta and are stored as they came.
    wa_id text,
    user_id text,
    -- When the two were last known to belong together; an older event does not part them.
    linked_at timestamptz,
    -- The newest identity hash that was observed.
    hash text,
    hash_at timestamptz,
    hash_source text,
    trust text NOT NULL DEFAULT 'trusted' CHECK (trust IN ('trusted', 'changed')),
    cause text,
    changed_at timestamptz,
    verified_at timestamptz,
    -- Verified anew: messages go without a hash until one is observed.
    learning boolean NOT NULL DEFAULT false,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (wa_id IS NOT NULL OR user_id IS NOT NULL),
    CHECK (NOT learning OR (trust = 'trusted' AND verified_at IS NOT NULL)),
    CHECK ((hash IS NULL) = (hash_at IS NULL)),
    CHECK ((trust = 'changed') = (cause IS NOT NULL))
) WITH (fillfactor = 80);

-- No index begins with phone_number_id: on a table without statistics the planner would take it for a look-up of one person. Nor is one
-- whole that is mostly null: it was taken for one all the same, by its second column (86 of 120 µs of a send).
CREATE UNIQUE INDEX contact_by_wa_id ON recipients.contact (wa_id, phone_number_id) WHERE wa_id IS NOT NULL;
CREATE UNIQUE INDEX contact_by_user_id ON recipients.contact (user_id, phone_number_id) WHERE user_id IS NOT NULL;
CREATE INDEX contact_changed ON recipients.contact (id) WHERE trust = 'changed';

-- Numbers whose wa_id is not simply their digits, as Meta answered. What a number means since when is told here and nowhere else; what it
-- meant before becomes an event of who it meant.
CREATE TABLE recipients.alias (
    number text NOT NULL,
    phone_number_id text NOT NULL,
    contact_id bigint NOT NULL REFERENCES recipients.contact ON DELETE CASCADE,
    learned_at timestamptz NOT NULL,
    PRIMARY KEY (number, phone_number_id)
);

CREATE INDEX alias_by_contact ON recipients.alias (contact_id);

-- What happened to a contact; the newest 200 of each are kept.
CREATE TABLE recipients.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES recipients.contact ON DELETE CASCADE,
    kind text NOT NULL,
    hash text,
    detail text,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX event_by_contact ON recipients.event (contact_id, id);

-- Who said that a recipient is still who they were, and how they knew. Never trimmed.
CREATE TABLE recipients.verification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES recipients.contact ON DELETE CASCADE,
    verified_by text NOT NULL,
    how text NOT NULL,
    cause text,
    previous_hash text,
    verified_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX verification_by_contact ON recipients.verification (contact_id, id);

CREATE TABLE recipients.opt_out (
    contact_id bigint NOT NULL REFERENCES recipients.contact ON DELETE CASCADE,
    scope text NOT NULL CHECK (scope IN ('marketing', 'all')),
    -- False: they came back; kept so that an older stop does not win.
    active boolean NOT NULL,
    source text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (contact_id, scope)
);

-- A sender's id before and after its cut-over, and whether hashes were proved to mean the same under both.
CREATE TABLE recipients.continuity (
    old_phone_number_id text NOT NULL,
    new_phone_number_id text NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('matched', 'differing', 'unproven')),
    matched integer NOT NULL,
    differing integer NOT NULL,
    missing integer NOT NULL,
    contacts integer NOT NULL,
    hashes integer NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (old_phone_number_id, new_phone_number_id)
);

CREATE FUNCTION recipients.note(p_contact bigint, p_kind text, p_hash text, p_detail text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipients.event (contact_id, kind, hash, detail, occurred_at) VALUES (p_contact, p_kind, p_hash, p_detail, p_at);
    DELETE FROM recipients.event WHERE contact_id = p_contact AND id <= (
        SELECT id FROM recipients.event WHERE contact_id = p_contact ORDER BY id DESC OFFSET 200 LIMIT 1);
END
$$;

-- Opt-outs follow the person; the newer word wins.
CREATE FUNCTION recipients.copy_opt_outs(p_from bigint, p_to bigint) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO recipients.opt_out AS o (contact_id, scope, active, source, changed_at)
    SELECT p_to, scope, active, source, changed_at FROM recipients.opt_out WHERE contact_id = p_from
    ON CONFLICT (contact_id, scope) DO UPDATE SET active = EXCLUDED.active, source = EXCLUDED.source, changed_at = EXCLUDED.changed_at
    WHERE EXCLUDED.changed_at > o.changed_at
$$;

-- The row of a person, made when new, locked until the transaction ends. Links user_id to wa_id unless a newer event says otherwise.
CREATE FUNCTION recipients.resolve(p_sender text, p_wa_id text, p_user_id text, p_at timestamptz, p_enforced boolean)
RETURNS recipients.contact LANGUAGE plpgsql AS $$
DECLARE
    kept recipients.contact;
    other recipients.contact;
    another_user boolean;
    link text := p_user_id;
BEGIN
    LOOP
        IF p_wa_id IS NOT NULL THEN
            SELECT * INTO kept FROM recipients.contact WHERE wa_id = p_wa_id AND phone_number_id = p_sender FOR UPDATE;
        ELSE
            SELECT * INTO kept FROM recipients.contact WHERE user_id = p_user_id AND phone_number_id = p_sender FOR UPDATE;
        END IF;
        EXIT WHEN FOUND;
        -- With the user_id first; without it when that one has a row already.
        INSERT INTO recipients.contact (phone_number_id, wa_id, user_id, linked_at)
        VALUES (p_sender, p_wa_id, link, CASE WHEN link IS NOT NULL THEN p_at END)
        ON CONFLICT DO NOTHING;
        link := CASE WHEN p_wa_id IS NULL THEN p_user_id END;
    END LOOP;
    IF p_wa_id IS NULL OR p_user_id IS NULL OR kept.user_id = p_user_id OR kept.linked_at > p_at THEN
        RETURN kept;
    END IF;
    another_user := kept.user_id IS NOT NULL;
    LOOP
        SELECT * INTO other FROM recipients.contact WHERE user_id = p_user_id AND phone_number_id = p_sender FOR UPDATE;
        IF FOUND AND other.wa_id IS NOT NULL THEN
            -- The person has another number now; the number they left stays with what is known of it.
            IF other.linked_at > p_at THEN
                RETURN kept;
            END IF;
            UPDATE recipients.contact SET user_id = NULL WHERE id = other.id;
            PERFORM recipients.note(other.id, 'moved', NULL, 'now ' || p_wa_id, p_at);
            PERFORM recipients.copy_opt_outs(other.id, kept.id);
        ELSIF FOUND THEN
            -- Known by user_id alone until now: one person, one row.
            UPDATE recipients.event SET contact_id = kept.id WHERE contact_id = other.id;
            UPDATE recipients.verification SET contact_id = kept.id WHERE contact_id = other.id;
            UPDATE recipients.alias SET contact_id = kept.id WHERE contact_id = other.id;
            PERFORM recipients.copy_opt_outs(other.id, kept.id);
            DELETE FROM recipients.contact WHERE id = other.id;
            UPDATE recipients.contact c SET
                hash = CASE WHEN newer THEN other.hash ELSE c.hash END,
                hash_at = CASE WHEN newer THEN other.hash_at ELSE c.hash_at END,
                hash_source = CASE WHEN newer THEN other.hash_source ELSE c.hash_source END,
                trust = CASE WHEN suspect THEN 'changed' ELSE c.trust END,
                cause = CASE WHEN suspect THEN coalesce(other.cause, 'observed') ELSE c.cause END,
                changed_at = CASE WHEN suspect THEN coalesce(other.changed_at, p_at) ELSE c.changed_at END,
                learning = c.learning AND NOT suspect AND NOT newer
            FROM (SELECT
                other.hash IS NOT NULL AND kept.trust = 'trusted' AND NOT kept.learning
                    AND (kept.hash_at IS NULL OR other.hash_at > kept.hash_at) AS newer,
                kept.trust = 'trusted' AND (other.trust = 'changed' OR (p_enforced AND other.hash <> kept.hash)) AS suspect) s
            WHERE c.id = kept.id;
            PERFORM recipients.note(kept.id, 'merged', NULL, 'with ' || p_user_id, p_at);
        END IF;
        BEGIN
            UPDATE recipients.contact SET user_id = p_user_id, linked_at = p_at WHERE id = kept.id RETURNING * INTO kept;
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            -- Another transaction has just made a row of that user: look again.
            NULL;
        END;
    END LOOP;
    IF another_user THEN
        PERFORM recipients.note(kept.id, 'another_user', NULL, p_user_id, p_at);
        IF p_enforced AND kept.trust = 'trusted' AND NOT kept.learning THEN
            UPDATE recipients.contact SET trust = 'changed', cause = 'another_user', changed_at = p_at WHERE id = kept.id
            RETURNING * INTO kept;
        END IF;
    END IF;
    RETURN kept;
END
$$;

-- Locks people who are known, and tells how many they are. One order for everybody, so that two batches do not wait for each other.
CREATE FUNCTION recipients.lock_people(p_senders text[], p_wa_ids text[]) RETURNS bigint
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    locked bigint;
BEGIN
    PERFORM FROM (SELECT DISTINCT u.sender, u.wa_id FROM unnest(p_senders, p_wa_ids) AS u (sender, wa_id)) n
    JOIN recipients.contact k ON k.wa_id = n.wa_id AND k.phone_number_id = n.sender
    ORDER BY n.sender, n.wa_id FOR UPDATE OF k;
    GET DIAGNOSTICS locked = ROW_COUNT;
    RETURN locked;
END
$$;

-- Observations in any order, repeated or not, end in the same state: the newest hash is the current one.
CREATE FUNCTION recipients.observe(
    p_senders text[], p_wa_ids text[], p_user_ids text[], p_hashes text[], p_sources text[], p_at timestamptz[], p_enforced boolean[]
) RETURNS TABLE (place bigint, verdict text)
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    o record;
    c recipients.contact;
    -- Places, by what is to be told of them; the rest is more than a new time of what is known.
    seen bigint[];
    same bigint[];
    rest bigint[];
    -- People whose rows are ours until the transaction ends.
    locked bigint;
BEGIN
    -- New people, so that all can be locked in one order. Of those without a hash nothing else is to be told; of the others no more than that they are.
    INSERT INTO recipients.contact (phone_number_id, wa_id, user_id, linked_at)
    SELECT n.sender, n.wa_id, CASE WHEN n.plain THEN n.user_id END, CASE WHEN n.plain THEN n.at END
    FROM (
        SELECT u.sender, u.wa_id, min(u.user_id) AS user_id, max(u.at) FILTER (WHERE u.user_id IS NOT NULL) AS at,
            count(u.hash) = 0 AND count(DISTINCT u.user_id) <= 1 AS plain
        FROM unnest(p_senders, p_wa_ids, p_user_ids, p_hashes, p_at) AS u (sender, wa_id, user_id, hash, at)
        WHERE u.wa_id IS NOT NULL GROUP BY u.sender, u.wa_id) n
    WHERE NOT EXISTS (SELECT FROM recipients.contact k WHERE k.wa_id = n.wa_id AND k.phone_number_id = n.sender)
        AND NOT (n.plain AND EXISTS (SELECT FROM recipients.contact k WHERE k.user_id = n.user_id AND k.phone_number_id = n.sender))
    ORDER BY n.sender, n.wa_id
    ON CONFLICT DO NOTHING;
    -- Locked before they are looked at: what is known is then the newest.
    locked := recipients.lock_people(p_senders, p_wa_ids);
    -- People of whom all that was observed is known take one statement; one by one a status took 40 µs, of a new person 80.
    WITH one AS MATERIALIZED (
        SELECT u.*, k.id, bool_and(coalesce(
            k.id IS NOT NULL AND (u.user_id IS NULL OR u.user_id = k.user_id) AND (u.hash IS NULL OR u.hash = k.hash AND NOT k.learning),
            false)) OVER (PARTITION BY k.id) AS plain
        FROM unnest(p_senders, p_wa_ids, p_user_ids, p_hashes, p_at) WITH ORDINALITY AS u (sender, wa_id, user_id, hash, at, place)
        LEFT JOIN recipients.contact k ON k.wa_id = u.wa_id AND k.phone_number_id = u.sender),
    -- Somebody else may just have stored one more of them: it is not ours, so nothing is told in a set.
    whole AS MATERIALIZED (SELECT count(DISTINCT n.id) = locked AS is_so FROM one n),
    times AS MATERIALIZED (
        SELECT n.id, max(n.at) FILTER (WHERE n.hash IS NOT NULL) AS hash_at, max(n.at) FILTER (WHERE n.user_id IS NOT NULL) AS linked_at
        FROM one n WHERE n.plain AND (SELECT is_so FROM whole) GROUP BY n.id),
    told AS (
        UPDATE recipients.contact k SET hash_at = greatest(k.hash_at, n.hash_at), linked_at = greatest(k.linked_at, n.linked_at)
        FROM times n WHERE k.id = n.id AND (k.hash_at < n.hash_at OR k.linked_at < n.linked_at))
    SELECT array_agg(n.place) FILTER (WHERE w.is_so AND n.plain AND n.hash IS NULL),
        array_agg(n.place) FILTER (WHERE w.is_so AND n.plain AND n.hash IS NOT NULL),
        array_agg(n.place) FILTER (WHERE NOT (w.is_so AND n.plain))
    INTO seen, same, rest FROM one n, whole w;
    RETURN QUERY SELECT n, 'seen' FROM unnest(seen) AS n UNION ALL SELECT n, 'same' FROM unnest(same) AS n;
    FOR o IN
        SELECT * FROM unnest(p_senders, p_wa_ids, p_user_ids, p_hashes, p_sources, p_at, p_enforced)
            WITH ORDINALITY AS u (sender, wa_id, user_id, hash, source, at, enforced, place)
        WHERE u.place = ANY (rest)
        -- In the order of the locks.
        ORDER BY u.sender, coalesce(u.wa_id, u.user_id), u.at, u.place
    LOOP
        c := recipients.resolve(o.sender, o.wa_id, o.user_id, o.at, o.enforced);
        place := o.place;
        verdict := CASE
            WHEN o.hash IS NULL THEN 'seen'
            WHEN c.learning AND o.at < date_trunc('second', c.verified_at) THEN 'late'
            WHEN c.learning THEN 'learned'
            WHEN c.hash IS NULL THEN 'first'
            WHEN o.hash = c.hash THEN 'same'
            WHEN o.at < c.hash_at AND (NOT o.enforced OR c.trust = 'changed' OR o.at < date_trunc('second', c.verified_at)) THEN 'late'
            -- A hash nobody knew, from before the current one: the change is seen in the wrong order, but it is seen.
            WHEN o.at < c.hash_at THEN CASE
                WHEN EXISTS (SELECT FROM recipients.event e WHERE e.contact_id = c.id AND e.hash = o.hash) THEN 'late'
                ELSE 'changed' END
            WHEN o.enforced AND c.trust = 'trusted' THEN 'changed'
            ELSE 'replaced' END;
        IF verdict IN ('learned', 'first', 'changed', 'replaced') THEN
            UPDATE recipients.contact SET learning = false,
                hash = CASE WHEN hash_at > o.at THEN hash ELSE o.hash END,
                hash_at = greatest(hash_at, o.at),
                hash_source = CASE WHEN hash_at > o.at THEN hash_source ELSE o.source END,
                trust = CASE WHEN verdict = 'changed' THEN 'changed' ELSE trust END,
                cause = CASE WHEN verdict = 'changed' THEN 'observed' ELSE cause END,
                changed_at = CASE WHEN verdict = 'changed' THEN greatest(hash_at, o.at) ELSE changed_at END,
                linked_at = CASE WHEN o.wa_id IS NOT NULL AND o.user_id = user_id THEN greatest(linked_at, o.at) ELSE linked_at END
            WHERE id = c.id;
            PERFORM recipients.note(c.id, verdict, o.hash, o.source, o.at);
        ELSIF verdict = 'late' THEN
            PERFORM recipients.note(c.id, verdict, o.hash, o.source, o.at);
        ELSE
            UPDATE recipients.contact SET hash_at = CASE WHEN verdict = 'same' THEN greatest(hash_at, o.at) ELSE hash_at END,
                linked_at = CASE WHEN o.wa_id IS NOT NULL AND o.user_id = user_id THEN greatest(linked_at, o.at) ELSE linked_at END
            WHERE id = c.id
                AND ((verdict = 'same' AND hash_at < o.at) OR (o.wa_id IS NOT NULL AND o.user_id = user_id AND linked_at < o.at));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

-- What Meta answered to a send: the wa_id (and user_id) of a number. Known answers take no lock.
CREATE FUNCTION recipients.learn(p_senders text[], p_numbers text[], p_wa_ids text[], p_user_ids text[], p_at timestamptz[]) RETURNS void
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    o record;
    c recipients.contact;
    previous recipients.alias;
    left_behind recipients.alias[] := '{}';
    -- Numbers that mean a person we know and have no name yet; and the places of answers that ask for more.
    numbers text[];
    senders text[];
    contacts bigint[];
    times timestamptz[];
    rest bigint[];
    stored bigint;
    -- Whether a number is named more than once: what one answer says is then told by what another has changed.
    twice boolean := (
        SELECT count(*) < cardinality(p_numbers) FROM (SELECT DISTINCT u.sender, u.number FROM unnest(p_senders, p_numbers) AS u (sender, number)) n);
BEGIN
    -- New people, as far as no user_id is involved.
    INSERT INTO recipients.contact (phone_number_id, wa_id)
    SELECT n.sender, n.wa_id
    FROM (
        SELECT DISTINCT u.sender, u.wa_id FROM unnest(p_senders, p_wa_ids, p_user_ids) AS u (sender, wa_id, user_id)
        WHERE u.user_id IS NULL) n
    WHERE NOT EXISTS (SELECT FROM recipients.contact k WHERE k.wa_id = n.wa_id AND k.phone_number_id = n.sender)
    ORDER BY n.sender, n.wa_id
    ON CONFLICT DO NOTHING;
    -- Every answer is looked up once: what is known already ends here, new names of people are stored in one statement. Looked at anew when
    -- one of them was named by somebody else meanwhile, or twice in these answers. (23.6 µs an answer that names a person anew when it was
    -- looked up again after each step, 17.8 so; of those 3.1 for the foreign key and 4.1 for the index by contact.)
    LOOP
        SELECT array_agg(s.number) FILTER (WHERE s.fresh), array_agg(s.sender) FILTER (WHERE s.fresh),
            array_agg(s.contact) FILTER (WHERE s.fresh), array_agg(s.at) FILTER (WHERE s.fresh),
            array_agg(s.place) FILTER (WHERE NOT s.fresh)
        INTO numbers, senders, contacts, times, rest
        FROM (
            SELECT u.number, u.sender, k.id AS contact, u.at, u.place,
                u.user_id IS NULL AND k.id IS NOT NULL AND a.contact_id IS NULL AS fresh
            FROM unnest(p_senders, p_numbers, p_wa_ids, p_user_ids, p_at)
                WITH ORDINALITY AS u (sender, number, wa_id, user_id, at, place)
            LEFT JOIN recipients.contact k ON k.wa_id = u.wa_id AND k.phone_number_id = u.sender
            LEFT JOIN recipients.alias a ON a.number = u.number AND a.phone_number_id = u.sender
            WHERE (k.id IS NOT NULL AND (u.user_id IS NULL OR k.user_id = u.user_id)
                AND coalesce(a.contact_id = k.id, u.number = '+' || u.wa_id)) IS NOT TRUE) s;
        EXIT WHEN numbers IS NULL;
        -- In one order, so that two who learn the same do not wait for each other in a circle.
        INSERT INTO recipients.alias (number, phone_number_id, contact_id, learned_at)
        SELECT f.number, f.sender, f.contact, f.at FROM unnest(numbers, senders, contacts, times) AS f (number, sender, contact, at)
        ORDER BY f.number, f.sender, f.at DESC
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS stored = ROW_COUNT;
        EXIT WHEN stored = cardinality(numbers) AND NOT twice;
    END LOOP;
    IF rest IS NULL THEN RETURN; END IF;
    FOR o IN
        SELECT * FROM unnest(p_senders, p_numbers, p_wa_ids, p_user_ids, p_at)
            WITH ORDINALITY AS u (sender, number, wa_id, user_id, at, place)
        WHERE u.place = ANY (rest)
        ORDER BY u.sender, u.wa_id, u.at, u.place
    LOOP
        c := recipients.resolve(o.sender, o.wa_id, o.user_id, o.at, false);
        CONTINUE WHEN o.number = '+' || o.wa_id
            AND NOT EXISTS (SELECT FROM recipients.alias WHERE number = o.number AND phone_number_id = o.sender);
        INSERT INTO recipients.alias (number, phone_number_id, contact_id, learned_at) VALUES (o.number, o.sender, c.id, o.at)
        ON CONFLICT DO NOTHING;
        CONTINUE WHEN FOUND;
        SELECT * INTO previous FROM recipients.alias WHERE number = o.number AND phone_number_id = o.sender FOR UPDATE;
        IF o.at >= previous.learned_at AND previous.contact_id <> c.id THEN
            UPDATE recipients.alias SET contact_id = c.id, learned_at = o.at WHERE number = o.number AND phone_number_id = o.sender;
            left_behind := left_behind || previous;
        END IF;
    END LOOP;
    -- Last, and in one order: a note locks its contact.
    FOREACH previous IN ARRAY ARRAY(SELECT l FROM unnest(left_behind) AS l ORDER BY l.contact_id, l.learned_at) LOOP
        PERFORM recipients.note(previous.contact_id, 'alias', NULL, previous.number, previous.learned_at);
    END LOOP;
END
$$;

-- The contacts an address may mean. p_wa_ids: the digits of a number, then other forms its wa_id may have. p_senders null: any sender.
CREATE FUNCTION recipients.matching(p_senders text[], p_address text, p_wa_ids text[]) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT contact_id FROM recipients.alias WHERE number = p_address AND (p_senders IS NULL OR phone_number_id = ANY (p_senders))
    UNION
    SELECT id FROM recipients.contact WHERE wa_id = ANY (p_wa_ids) AND (p_senders IS NULL OR phone_number_id = ANY (p_senders))
    UNION
    SELECT id FROM recipients.contact WHERE user_id = p_address AND (p_senders IS NULL OR phone_number_id = ANY (p_senders))
$$;

-- A hash did not match (137000). The failure is stale when a person has verified the recipient since, or another hash is current by then.
CREATE FUNCTION recipients.mismatch(
    p_sender text, p_address text, p_wa_ids text[], p_wa_id text, p_user_id text, p_hash text, p_detail text, p_at timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    c recipients.contact;
    ids bigint[];
    verdict text;
    result text;
BEGIN
    SELECT array_agg(m ORDER BY m) INTO ids FROM recipients.matching(ARRAY[p_sender], p_address, p_wa_ids) m;
    IF ids IS NULL THEN
        c := recipients.resolve(p_sender, p_wa_id, p_user_id, p_at, false);
        ids := ARRAY[c.id];
    END IF;
    FOR c IN SELECT * FROM recipients.contact WHERE id = ANY (ids) ORDER BY id FOR UPDATE LOOP
        verdict := CASE
            WHEN c.verified_at IS NOT NULL AND (p_at < date_trunc('second', c.verified_at) OR p_hash <> coalesce(c.hash, '')) THEN 'stale'
            WHEN c.trust = 'changed' THEN 'already'
            ELSE 'changed' END;
        IF verdict = 'changed' THEN
            UPDATE recipients.contact SET trust = 'changed', cause = 'mismatch', changed_at = p_at, learning = false WHERE id = c.id;
        END IF;
        PERFORM recipients.note(c.id, CASE verdict WHEN 'stale' THEN 'stale_mismatch' ELSE 'mismatch' END, p_hash, p_detail, p_at);
        result := CASE
            WHEN 'changed' IN (result, verdict) THEN 'changed'
            WHEN 'already' IN (result, verdict) THEN 'already'
            ELSE verdict END;
    END LOOP;
    -- Late statuses come under the id before a cut-over. A way back ends where the recipient is changed already.
    IF result = 'changed' THEN
        PERFORM recipients.mismatch(new_phone_number_id, p_address, p_wa_ids, p_wa_id, p_user_id, p_hash, p_detail, p_at)
        FROM recipients.continuity WHERE old_phone_number_id = p_sender;
    END IF;
    RETURN result;
END
$$;

-- A person vouches for a recipient: trusted again, the hash forgotten until a new one is observed.
CREATE FUNCTION recipients.verify(p_senders text[], p_address text, p_wa_ids text[], p_by text, p_how text, p_at timestamptz)
RETURNS TABLE (sender text, wa_id text, user_id text, was_changed boolean) LANGUAGE plpgsql AS $$
DECLARE
    c recipients.contact;
BEGIN
    FOR c IN
        SELECT k.* FROM recipients.contact k WHERE k.id IN (SELECT recipients.matching(p_senders, p_address, p_wa_ids))
        ORDER BY k.id FOR UPDATE
    LOOP
        INSERT INTO recipients.verification (contact_id, verified_by, how, cause, previous_hash, verified_at)
        VALUES (c.id, p_by, p_how, c.cause, c.hash, p_at);
        IF c.trust = 'changed' THEN
            UPDATE recipients.contact k SET trust = 'trusted', cause = NULL, verified_at = p_at, learning = true,
                hash = NULL, hash_at = NULL, hash_source = NULL
            WHERE k.id = c.id;
        ELSE
            UPDATE recipients.contact k SET verified_at = p_at WHERE k.id = c.id;
        END IF;
        PERFORM recipients.note(c.id, 'verified', c.hash, p_by, p_at);
        sender := c.phone_number_id;
        wa_id := c.wa_id;
        user_id := c.user_id;
        was_changed := c.trust = 'changed';
        RETURN NEXT;
    END LOOP;
END
$$;

-- Meta says that a person has left a number (and perhaps where they are now). The old number is not theirs any more.
CREATE FUNCTION recipients.number_changed(
    p_sender text, p_old_wa_id text, p_old_user_id text, p_new_wa_id text, p_new_user_id text, p_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    old recipients.contact;
    new recipients.contact;
BEGIN
    old := recipients.resolve(p_sender, p_old_wa_id, p_old_user_id, p_at, false);
    IF old.linked_at > p_at OR EXISTS (
        SELECT FROM recipients.event WHERE contact_id = old.id AND kind = 'number_changed' AND occurred_at >= p_at)
    THEN
        RETURN;
    END IF;
    UPDATE recipients.contact SET user_id = CASE WHEN wa_id IS NULL THEN user_id END, linked_at = p_at, learning = false,
        trust = 'changed', cause = 'number_changed', changed_at = p_at
    WHERE id = old.id AND (verified_at IS NULL OR verified_at < p_at);
    PERFORM recipients.note(old.id, 'number_changed', NULL, 'now ' || coalesce(p_new_wa_id, p_new_user_id), p_at);
    IF coalesce(p_new_wa_id, p_new_user_id) IS NOT NULL THEN
        new := recipients.resolve(p_sender, p_new_wa_id, p_new_user_id, p_at, false);
        IF new.id <> old.id THEN
            PERFORM recipients.copy_opt_outs(old.id, new.id);
            PERFORM recipients.note(new.id, 'came_from', NULL, coalesce(p_old_wa_id, p_old_user_id), p_at);
        END IF;
    END IF;
END
$$;

CREATE FUNCTION recipients.set_opt_out(
    p_sender text, p_wa_id text, p_user_id text, p_scope text, p_active boolean, p_source text, p_at timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    c recipients.contact;
BEGIN
    c := recipients.resolve(p_sender, p_wa_id, p_user_id, p_at, false);
    INSERT INTO recipients.opt_out AS o (contact_id, scope, active, source, changed_at) VALUES (c.id, p_scope, p_active, p_source, p_at)
    ON CONFLICT (contact_id, scope) DO UPDATE SET active = EXCLUDED.active, source = EXCLUDED.source, changed_at = EXCLUDED.changed_at
    WHERE EXCLUDED.changed_at >= o.changed_at AND (EXCLUDED.active, EXCLUDED.changed_at) <> (o.active, o.changed_at);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM recipients.note(c.id, CASE WHEN p_active THEN 'opted_out' ELSE 'opted_in' END, NULL, p_scope || ' by ' || p_source, p_at);
    PERFORM recipients.set_opt_out(new_phone_number_id, p_wa_id, p_user_id, p_scope, p_active, p_source, p_at)
    FROM recipients.continuity WHERE old_phone_number_id = p_sender;
    RETURN true;
END
$$;

-- What is known under a sender's old id, made known under its new one. Opt-outs, aliases and distrust always; hashes only when proved.
-- user_ids stay behind where there is a wa_id: they belong to the portfolio, which a cut-over may change.
CREATE FUNCTION recipients.carry_over(p_old text, p_new text, p_hashes boolean, p_enforced boolean, p_at timestamptz)
RETURNS TABLE (contacts integer, hashes integer, differing integer) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recipients.contact (phone_number_id, wa_id, user_id, linked_at)
    SELECT p_new, wa_id, CASE WHEN wa_id IS NULL THEN user_id END, CASE WHEN wa_id IS NULL THEN linked_at END
    FROM recipients.contact WHERE phone_number_id = p_old ORDER BY id
    ON CONFLICT DO NOTHING;

    CREATE TEMPORARY TABLE pair ON COMMIT DROP AS
    SELECT o.id AS old_id, n.id AS new_id FROM recipients.contact o
    JOIN recipients.contact n ON n.phone_number_id = p_new AND n.wa_id = o.wa_id
    WHERE o.phone_number_id = p_old
    UNION ALL
    SELECT o.id, n.id FROM recipients.contact o
    JOIN recipients.contact n ON n.phone_number_id = p_new AND n.user_id = o.user_id
    WHERE o.phone_number_id = p_old AND o.wa_id IS NULL;
    SELECT count(*) INTO contacts FROM pair;

    INSERT INTO recipients.opt_out AS t (contact_id, scope, active, source, changed_at)
    SELECT p.new_id, s.scope, s.active, s.source, s.changed_at FROM pair p JOIN recipients.opt_out s ON s.contact_id = p.old_id
    ON CONFLICT (contact_id, scope) DO UPDATE SET active = EXCLUDED.active, source = EXCLUDED.source, changed_at = EXCLUDED.changed_at
    WHERE EXCLUDED.changed_at > t.changed_at;

    INSERT INTO recipients.alias (number, phone_number_id, contact_id, learned_at)
    SELECT a.number, p_new, p.new_id, a.learned_at FROM pair p JOIN recipients.alias a ON a.contact_id = p.old_id
    ON CONFLICT DO NOTHING;

    WITH carried AS (
        UPDATE recipients.contact n SET trust = 'changed', cause = o.cause, changed_at = o.changed_at, learning = false
        FROM pair p JOIN recipients.contact o ON o.id = p.old_id
        WHERE n.id = p.new_id AND o.trust = 'changed' AND n.trust = 'trusted' AND (n.verified_at IS NULL OR n.verified_at < o.changed_at)
        RETURNING n.id, n.changed_at)
    INSERT INTO recipients.event (contact_id, kind, detail, occurred_at)
    SELECT id, 'carried_distrust', p_old, p_at FROM carried;

    hashes := 0;
    differing := 0;
    IF p_hashes THEN
        WITH carried AS (
            UPDATE recipients.contact n SET hash = o.hash, hash_at = o.hash_at, hash_source = 'carry_over'
            FROM pair p JOIN recipients.contact o ON o.id = p.old_id
            WHERE n.id = p.new_id AND o.hash IS NOT NULL AND o.trust = 'trusted'
                AND n.hash IS NULL AND n.trust = 'trusted' AND NOT n.learning
            RETURNING n.id, n.hash),
        noted AS (
            INSERT INTO recipients.event (contact_id, kind, hash, detail, occurred_at)
            SELECT id, 'carried', hash, p_old, p_at FROM carried)
        SELECT count(*) INTO hashes FROM carried;
        -- The hash means the same under both ids, so one that differs is another identity.
        SELECT count(*) INTO differing FROM pair p JOIN recipients.contact o ON o.id = p.old_id JOIN recipients.contact n ON n.id = p.new_id
        WHERE o.hash <> n.hash AND o.trust = 'trusted' AND n.trust = 'trusted' AND n.verified_at IS NULL;
        IF p_enforced THEN
            WITH changed AS (
                UPDATE recipients.contact n SET trust = 'changed', cause = 'observed', changed_at = n.hash_at
                FROM pair p JOIN recipients.contact o ON o.id = p.old_id
                WHERE n.id = p.new_id AND o.hash <> n.hash AND o.trust = 'trusted' AND n.trust = 'trusted' AND n.verified_at IS NULL
                RETURNING n.id, n.hash)
            INSERT INTO recipients.event (contact_id, kind, hash, detail, occurred_at)
            SELECT id, 'changed', hash, p_old, p_at FROM changed;
        END IF;
    END IF;
    DROP TABLE pair;
    RETURN NEXT;
END
$$;

-- What is known of recipients, by places of a caller's list: by an address they are known by, by a user_id, by a wa_id (the lowest rank is
-- the best). Asked for hundreds of keys at a time: by index, however small the planner believes the tables to be.
CREATE FUNCTION recipients.lookup(
    p_places bigint[], p_senders text[], p_addresses text[],
    p_number_places bigint[], p_number_senders text[], p_wa_ids text[], p_ranks bigint[]
) RETURNS TABLE (place bigint, wa_id text, user_id text, hash text, trust text, cause text, changed_at timestamptz, learning boolean, opt_out text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.place, c.wa_id, c.user_id, c.hash, c.trust, c.cause, c.changed_at, c.learning,
        (SELECT min(o.scope) FROM recipients.opt_out o WHERE o.contact_id = c.id AND o.active)
    FROM (
        SELECT n.place, 0::bigint AS rank, a.contact_id AS id
        FROM unnest(p_places, p_senders, p_addresses) AS n (place, sender, address)
        JOIN recipients.alias a ON a.number = n.address AND a.phone_number_id = n.sender
        UNION ALL
        SELECT n.place, 0::bigint, u.id
        FROM unnest(p_places, p_senders, p_addresses) AS n (place, sender, address)
        JOIN recipients.contact u ON u.user_id = n.address AND u.phone_number_id = n.sender
        UNION ALL
        SELECT w.place, w.rank, k.id
        FROM unnest(p_number_places, p_number_senders, p_wa_ids, p_ranks) AS w (place, sender, wa_id, rank)
        JOIN recipients.contact k ON k.wa_id = w.wa_id AND k.phone_number_id = w.sender
    ) AS m JOIN recipients.contact c ON c.id = m.id
    ORDER BY m.place, m.rank;
END
$$;
