-- owner: migration
-- The stored fleet, its plans, and where every number is on its way. Times named *_at that belong to a plan, a window or a code are business
-- time (jobs.now()); those that only say when a person did something are real time.
CREATE SCHEMA migration;

CREATE TABLE migration.fleet_revision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    imported_by text NOT NULL,
    file_name text NOT NULL,
    content_hash text NOT NULL,
    rows integer NOT NULL,
    added integer NOT NULL,
    changed integer NOT NULL,
    removed integer NOT NULL,
    rejected integer NOT NULL,
    -- JSON list of the problems of rejected rows.
    problems text NOT NULL
);

-- Versions of rows: in force from first_revision until, not including, last_revision.
CREATE TABLE migration.fleet_row (
    row_ref text NOT NULL,
    first_revision bigint NOT NULL REFERENCES migration.fleet_revision,
    last_revision bigint REFERENCES migration.fleet_revision,
    line integer NOT NULL,
    e164 text NOT NULL,
    client_id text NOT NULL,
    -- Every column as it was written, as JSON text.
    fields text NOT NULL,
    content_hash text NOT NULL,
    PRIMARY KEY (row_ref, first_revision)
);

CREATE UNIQUE INDEX fleet_row_in_force ON migration.fleet_row (row_ref) WHERE last_revision IS NULL;
CREATE INDEX fleet_row_order ON migration.fleet_row (line, row_ref) WHERE last_revision IS NULL;

CREATE TABLE migration.plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    fleet_revision bigint NOT NULL REFERENCES migration.fleet_revision,
    previous bigint REFERENCES migration.plan,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'approved', 'armed', 'superseded')),
    -- The plan as JSON, byte for byte.
    document bytea NOT NULL,
    approved_by text,
    approved_at timestamptz,
    armed_by text,
    armed_at timestamptz
);

CREATE UNIQUE INDEX plan_armed ON migration.plan (state) WHERE state = 'armed';

CREATE TABLE migration.task (
    plan_id bigint NOT NULL REFERENCES migration.plan,
    id text NOT NULL,
    kind text NOT NULL,
    row_ref text,
    source_waba_id text,
    dest_waba_id text,
    operator text,
    wave integer,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (plan_id, id)
);

CREATE INDEX task_by_start ON migration.task (plan_id, starts_at);

-- One template copy of an armed plan.
CREATE TABLE migration.copy (
    plan_id bigint NOT NULL REFERENCES migration.plan,
    source_waba_id text NOT NULL,
    dest_waba_id text NOT NULL,
    run_id text NOT NULL UNIQUE,
    state text NOT NULL,
    reason_code text,
    reason text,
    needs_person boolean NOT NULL DEFAULT false,
    wait_event text,
    round integer NOT NULL DEFAULT 0,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (plan_id, source_waba_id, dest_waba_id)
);

-- One number on its way.
CREATE TABLE migration.number (
    row_ref text PRIMARY KEY,
    plan_id bigint NOT NULL REFERENCES migration.plan,
    run_id text NOT NULL UNIQUE,
    route text NOT NULL,
    client_id text NOT NULL,
    e164 text NOT NULL,
    source_waba_id text,
    dest_waba_id text NOT NULL,
    wave integer NOT NULL,
    -- The row as it was when the plan was armed, as JSON text.
    fields text NOT NULL,
    operator text,
    otp_start timestamptz,
    otp_end timestamptz,
    cutover_start timestamptz NOT NULL,
    cutover_end timestamptz NOT NULL,
    state text NOT NULL,
    step text NOT NULL,
    reason_code text,
    reason text,
    needs_person boolean NOT NULL DEFAULT false,
    -- The event its run waits for now; emitting it wakes the run.
    wait_event text,
    round integer NOT NULL DEFAULT 0,
    source_phone_number_id text,
    -- The id in the destination; a new one in every move.
    phone_number_id text,
    code_state text NOT NULL DEFAULT 'none' CHECK (code_state IN ('none', 'requested', 'given', 'verified')),
    -- Encrypted, from the hand-over until it has been used.
    code_sealed bytea,
    code_by text,
    code_requests integer NOT NULL DEFAULT 0,
    code_expires_at timestamptz,
    verified_at timestamptz,
    -- Encrypted, stored before register is called.
    pin_sealed bytea,
    -- Set in the transaction that decides to register: from here on nothing can be called off.
    register_intent_at timestamptz,
    registered_at timestamptz,
    done_at timestamptz,
    updated_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX number_moving_once ON migration.number (e164) WHERE state NOT IN ('done', 'aborted');
CREATE INDEX number_by_plan ON migration.number (plan_id, wave, state);
CREATE INDEX number_by_pair ON migration.number (source_waba_id, dest_waba_id);

-- What happened to a number, in order. Append-only; holds no secret.
CREATE TABLE migration.story (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    row_ref text NOT NULL,
    plan_id bigint NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL,
    step text NOT NULL,
    code text,
    message text NOT NULL,
    actor text
);

CREATE INDEX story_by_row ON migration.story (row_ref, id);

-- Preconditions that did not hold at the last look.
CREATE TABLE migration.finding (
    row_ref text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    remedy text NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (row_ref, code)
);

-- A failure in a wave holds every later one until a person, or the number's recovery, lets go.
CREATE TABLE migration.freeze (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id bigint NOT NULL REFERENCES migration.plan,
    wave integer NOT NULL,
    row_ref text NOT NULL,
    code text NOT NULL,
    reason text NOT NULL,
    frozen_at timestamptz NOT NULL,
    released_at timestamptz,
    released_by text,
    note text
);

CREATE UNIQUE INDEX freeze_active ON migration.freeze (plan_id, row_ref) WHERE released_at IS NULL;

-- Waves a person has declared good enough for the next ones, whatever became of their numbers.
CREATE TABLE migration.wave_release (
    plan_id bigint NOT NULL REFERENCES migration.plan,
    wave integer NOT NULL,
    released_by text NOT NULL,
    released_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    note text,
    PRIMARY KEY (plan_id, wave)
);

-- Every call of register, written before the call: Meta allows 10 per number in 72 hours.
CREATE TABLE migration.register_call (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    row_ref text NOT NULL,
    run_id text NOT NULL,
    name text NOT NULL,
    phone_number_id text NOT NULL,
    called_at timestamptz NOT NULL,
    outcome text,
    UNIQUE (run_id, name)
);

CREATE INDEX register_call_by_number ON migration.register_call (phone_number_id, called_at);

-- Links under which a client hands over a code: single use, expiring, only the hash of the token is kept.
CREATE TABLE migration.otp_link (
    token_hash bytea PRIMARY KEY,
    row_ref text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX otp_link_by_row ON migration.otp_link (row_ref);
