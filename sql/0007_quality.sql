-- owner: quality
-- Rebuilds of the quality of copied templates: who is written to, in which steps, what was seen and what was decided.
-- Times are business time (jobs.now()), but for those of people's actions, which are real time.
CREATE SCHEMA quality;

CREATE TABLE quality.rebuild (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The caller's own name for the request: the same twice for one sender starts one rebuild. Another client's sender may have the same name.
    request_key text,
    phone_number_id text NOT NULL,
    waba_id text NOT NULL,
    template_name text NOT NULL,
    template_language text NOT NULL,
    category text NOT NULL,
    -- The components every message carries, as JSON text; NULL for a template without parameters.
    components text,
    profile text NOT NULL,
    -- Recipients of the first day, the second, …; the last size repeats.
    steps bigint[] NOT NULL CHECK (cardinality(steps) BETWEEN 1 AND 200),
    -- Thresholds and times as JSON.
    settings text NOT NULL,
    state text NOT NULL CHECK (state IN ('loading', 'running', 'held', 'paused', 'stopped', 'done')),
    -- Place in `steps` of the next day's size.
    level integer NOT NULL DEFAULT 0,
    -- Half the size, after a warning.
    reduced boolean NOT NULL DEFAULT false,
    clean integer NOT NULL DEFAULT 0,
    stays integer NOT NULL DEFAULT 0,
    -- Days that have been begun.
    step integer NOT NULL DEFAULT 0,
    hold_until timestamptz,
    held_since timestamptz,
    reason_code text,
    reason text,
    needs_person boolean NOT NULL DEFAULT false,
    -- Moves on whenever the rebuild stops running: a day that was begun under another one is cut short.
    generation integer NOT NULL DEFAULT 0,
    -- What is known of the template, and since which step bad events are pooled.
    quality text NOT NULL DEFAULT 'UNKNOWN',
    template_status text NOT NULL,
    pooled_since integer NOT NULL DEFAULT 0,
    recipients integer NOT NULL DEFAULT 0,
    next_step_at timestamptz,
    -- The run that carries it; NULL while none does.
    run_id text,
    run_number integer NOT NULL DEFAULT 0,
    wait_event text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT jobs.now(),
    updated_at timestamptz NOT NULL DEFAULT jobs.now(),
    ended_at timestamptz,
    real_created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (request_key, phone_number_id)
);

-- Quality belongs to a template of a WABA: two ramps at once would spoil each other's signals.
CREATE UNIQUE INDEX rebuild_alive ON quality.rebuild (waba_id, template_name, template_language)
    WHERE state IN ('loading', 'running', 'held', 'paused');

CREATE TABLE quality.recipient (
    rebuild_id bigint NOT NULL REFERENCES quality.rebuild ON DELETE CASCADE,
    position integer NOT NULL,
    -- E.164 where it has one reading, else as it was given.
    address text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'submitted', 'refused')),
    step integer,
    message_id uuid,
    -- Whom the gateway read the address as, once it took the message: two spellings may be one person.
    person text,
    reason text,
    PRIMARY KEY (rebuild_id, position),
    UNIQUE (rebuild_id, address)
);

CREATE UNIQUE INDEX recipient_person ON quality.recipient (rebuild_id, person) WHERE person IS NOT NULL;
CREATE INDEX recipient_waiting ON quality.recipient (rebuild_id, position) WHERE state = 'waiting';
CREATE INDEX recipient_message ON quality.recipient (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX recipient_step ON quality.recipient (rebuild_id, step) WHERE step IS NOT NULL;

CREATE TABLE quality.step (
    rebuild_id bigint NOT NULL REFERENCES quality.rebuild ON DELETE CASCADE,
    step integer NOT NULL,
    level integer NOT NULL,
    target integer NOT NULL,
    generation integer NOT NULL,
    state text NOT NULL DEFAULT 'sending' CHECK (state IN ('sending', 'maturing', 'finished', 'cut')),
    started_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    submitted integer NOT NULL DEFAULT 0,
    refused integer NOT NULL DEFAULT 0,
    -- Taken back from the queue before they were sent.
    withdrawn integer NOT NULL DEFAULT 0,
    -- As last read from the gateway.
    delivered integer NOT NULL DEFAULT 0,
    read integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    bad integer NOT NULL DEFAULT 0,
    decision text,
    PRIMARY KEY (rebuild_id, step)
);

CREATE TABLE quality.verdict (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rebuild_id bigint NOT NULL REFERENCES quality.rebuild ON DELETE CASCADE,
    step integer NOT NULL,
    moment text NOT NULL,
    decision text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    -- Everything it was derived from, as JSON.
    inputs text NOT NULL,
    at timestamptz NOT NULL DEFAULT jobs.now()
);

CREATE INDEX verdict_of_rebuild ON quality.verdict (rebuild_id, id);

-- What people did.
CREATE TABLE quality.action (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rebuild_id bigint NOT NULL REFERENCES quality.rebuild ON DELETE CASCADE,
    action text NOT NULL,
    actor text NOT NULL,
    why text NOT NULL,
    at timestamptz NOT NULL DEFAULT jobs.now(),
    real_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX action_of_rebuild ON quality.action (rebuild_id, id);
