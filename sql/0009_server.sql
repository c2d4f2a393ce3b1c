-- owner: server
-- Who may ask Relevo for what, and what people have done through it. All times here are real time.
CREATE SCHEMA server;

-- API keys. Only the SHA-256 of a key is kept.
CREATE TABLE server.api_key (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (octet_length(key_hash) = 32),
    -- The first characters of the key, to tell keys apart in a list.
    hint text NOT NULL,
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    -- The client whose senders it sees; NULL sees all.
    client_id text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_by text,
    revoked_at timestamptz
);

CREATE UNIQUE INDEX api_key_name ON server.api_key (name) WHERE revoked_at IS NULL;

-- Logins of operators. Only the SHA-256 of the cookie is kept; a revoked key ends its sessions.
CREATE TABLE server.session (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    key_id uuid NOT NULL REFERENCES server.api_key,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX session_expired ON server.session (expires_at);

-- What people did through the API, the pages or a command. Append-only; holds no secret.
CREATE TABLE server.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    subject text,
    detail text
);

CREATE INDEX audit_by_subject ON server.audit (subject, id);

-- Under which number a file was uploaded, so that a bare media id can be asked for with the right token.
CREATE TABLE server.media (
    media_id text PRIMARY KEY,
    phone_number_id text NOT NULL,
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX media_by_age ON server.media (uploaded_at);
