-- owner: templates
-- Inventories of message templates, what webhooks said about them, and the proof of each copy.
-- Times are business time (jobs.now()): the clock Meta, or the sandbox in a rehearsal, stamps its events with.
CREATE SCHEMA templates;

CREATE TABLE templates.inventory (
    waba_id text PRIMARY KEY,
    fetched_at timestamptz NOT NULL,
    templates integer NOT NULL,
    -- A webhook told of a change that only another fetch can show (edited components, an unknown template).
    stale boolean NOT NULL DEFAULT false
);

CREATE TABLE templates.template (
    waba_id text NOT NULL,
    name text NOT NULL,
    -- As the API writes it: en_US.
    language text NOT NULL,
    template_id text NOT NULL,
    status text NOT NULL,
    category text NOT NULL,
    quality text NOT NULL DEFAULT 'UNKNOWN',
    parameter_format text,
    rejected_reason text,
    -- JSON as Meta sent it; text, because jsonb refuses an escaped U+0000.
    components text NOT NULL,
    content_hash text NOT NULL,
    -- When each of the three was last known to be so; an older event changes nothing.
    status_at timestamptz NOT NULL,
    quality_at timestamptz NOT NULL,
    category_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (waba_id, name, language)
);

CREATE INDEX template_by_id ON templates.template (waba_id, template_id);

-- Every status, quality and category event, applied or not.
CREATE TABLE templates.event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    waba_id text NOT NULL,
    template_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    kind text NOT NULL,
    previous text,
    value text NOT NULL,
    reason text,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied boolean NOT NULL,
    UNIQUE (waba_id, template_id, kind, value, occurred_at)
);

CREATE INDEX event_by_template ON templates.event (waba_id, name, language, id);

-- The last look at a pair of WABAs.
CREATE TABLE templates.copy (
    source_waba_id text NOT NULL,
    dest_waba_id text NOT NULL,
    verified boolean NOT NULL,
    eligible integer NOT NULL,
    ineligible integer NOT NULL,
    same integer NOT NULL,
    copied integer NOT NULL,
    refused integer NOT NULL,
    missing integer NOT NULL,
    different integer NOT NULL,
    unusable integer NOT NULL,
    pending integer NOT NULL,
    extra integer NOT NULL,
    -- The whole report as JSON text.
    report text NOT NULL,
    checked_at timestamptz NOT NULL,
    -- First time the pair was found whole; kept when a later look finds it broken.
    verified_at timestamptz,
    PRIMARY KEY (source_waba_id, dest_waba_id)
);

-- Templates that Meta would not copy, with Meta's words.
CREATE TABLE templates.refusal (
    source_waba_id text NOT NULL,
    dest_waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    template_id text NOT NULL,
    reason text NOT NULL,
    times integer NOT NULL DEFAULT 1,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (source_waba_id, dest_waba_id, name, language)
);

-- Templates that a copy asked for, noted before the call, and when they were first seen in the destination: "copied" counts each once.
CREATE TABLE templates.copied (
    source_waba_id text NOT NULL,
    dest_waba_id text NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    asked_at timestamptz NOT NULL,
    seen_at timestamptz,
    PRIMARY KEY (source_waba_id, dest_waba_id, name, language)
);
