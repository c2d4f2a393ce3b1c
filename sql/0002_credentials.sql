-- owner: credentials
-- Access tokens, sealed with AES-GCM under a master key that is never in the database.
CREATE SCHEMA credentials;

CREATE TABLE credentials.credential (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- Serves every WABA that no other credential names.
    every_waba boolean NOT NULL,
    -- Bound to the row: a value moved to another row, or an older one put back, does not open.
    sealed bytea NOT NULL,
    version integer NOT NULL DEFAULT 1,
    -- First 8 hexadecimal digits of the SHA-256 of the master key.
    key_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rotated_at timestamptz
);

CREATE UNIQUE INDEX credential_every_waba ON credentials.credential (every_waba) WHERE every_waba;

CREATE TABLE credentials.waba (
    waba_id text PRIMARY KEY,
    credential_id uuid NOT NULL REFERENCES credentials.credential ON DELETE CASCADE
);

CREATE INDEX waba_by_credential ON credentials.waba (credential_id);

-- Changes with every change of the two tables; processes that keep opened tokens in memory compare it.
CREATE TABLE credentials.revision (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    value uuid NOT NULL
);

INSERT INTO credentials.revision (value) VALUES (gen_random_uuid());

CREATE FUNCTION credentials.revise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credentials.revision SET value = gen_random_uuid();
    RETURN NULL;
END
$$;

CREATE TRIGGER revise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON credentials.credential
    FOR EACH STATEMENT EXECUTE FUNCTION credentials.revise();

CREATE TRIGGER revise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON credentials.waba
    FOR EACH STATEMENT EXECUTE FUNCTION credentials.revise();
