-- owner: webhooks
-- Raw POSTs of Meta's, and what could not be routed.
CREATE SCHEMA webhooks;

-- One row for each different body. Meta repeats a POST to every subscribed app, and for seven days when an answer was lost: the same bytes
-- are the same events, so a repeat only counts.
CREATE TABLE webhooks.post (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of the body.
    digest bytea NOT NULL UNIQUE,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Business time of receipt, for events without a time of their own.
    business_at timestamptz NOT NULL DEFAULT jobs.now(),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'problem')),
    -- Why it is a problem as a whole: not_json, dead.
    problem text,
    detail text,
    updates integer,
    processed_at timestamptz,
    -- Its updates were handed to the relays: a replay does not tell clients' systems again.
    relayed boolean NOT NULL DEFAULT false
) WITH (fillfactor = 90);

-- How often the same bytes came again. Append-only: whoever works on a POST holds its row for as long as that takes, and what is new at the
-- door would wait for it together with the repeat. Without a reference, which would lock that row as well.
CREATE TABLE webhooks.repeat (
    post_id bigint NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX repeat_by_post ON webhooks.repeat (post_id);

CREATE INDEX post_pending ON webhooks.post (id) WHERE state = 'pending';
CREATE INDEX post_problem ON webhooks.post (id) WHERE state = 'problem';
CREATE INDEX post_received ON webhooks.post (received_at);

-- Single updates that no owner took while the rest of their POST was applied.
CREATE TABLE webhooks.problem (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id bigint NOT NULL REFERENCES webhooks.post ON DELETE CASCADE,
    -- Place of the change in the POST, and of the update within it.
    place text NOT NULL,
    waba_id text NOT NULL,
    field text NOT NULL,
    -- The update as JSON text, U+0000 replaced; the post holds the bytes.
    update text NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolved_by text,
    UNIQUE (post_id, place)
);

CREATE INDEX problem_open ON webhooks.problem (id) WHERE resolved_at IS NULL;

-- Changes of fields no owner works on (alerts, account updates, fields Meta has added since): kept to be read.
CREATE TABLE webhooks.notice (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    post_id bigint,
    waba_id text NOT NULL,
    field text NOT NULL,
    -- The event's own name, where it has one.
    event text,
    value text NOT NULL,
    -- SHA-256 of entry, field, time and value.
    digest bytea NOT NULL UNIQUE,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX notice_by_field ON webhooks.notice (field, id);
CREATE INDEX notice_received ON webhooks.notice (received_at);

-- Where the webhooks of a WABA or a number go on to: systems of clients. One for a number goes before those of its WABA, as with Meta.
CREATE TABLE webhooks.relay (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('waba', 'number')),
    scope_id text NOT NULL,
    client_id text NOT NULL DEFAULT '',
    url text NOT NULL,
    -- What its POSTs are signed with, sealed under the master key.
    secret bytea NOT NULL,
    -- Counts its secrets: processes keep the newest they have read.
    secrets integer NOT NULL DEFAULT 0,
    -- Of its POSTs.
    lane_id bigint NOT NULL,
    -- So many wait that no more are taken until it has caught up; looked at every minute.
    is_full boolean NOT NULL DEFAULT false,
    -- What has been counted in from relay_tally: what is read is this and what is still there.
    delivered bigint NOT NULL DEFAULT 0,
    -- Given up after seven days, and not taken because it was full.
    given_up bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    delivered_at timestamptz,
    failed_at timestamptz,
    failure text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    UNIQUE (scope, scope_id, url)
);

CREATE INDEX relay_by_client ON webhooks.relay (client_id);

-- What became of POSTs and has not been counted into their relays yet. Transactions that end attempts, or hand webhooks on, only add
-- rows: if they wrote the relay's own, all workers would wait for one another at it, and two that name several relays could wait for each
-- other. Without a reference, which would lock the relay as well; what is left of a removed one is counted nowhere.
CREATE TABLE webhooks.relay_tally (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    relay_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered bigint NOT NULL DEFAULT 0,
    given_up bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    -- The last of those it counts.
    failure text
);
