-- What SQLite has up to 0003_trust. Times are milliseconds since 1970-01-01T00:00:00Z. Hashes are
-- keyed, 32 bytes. Nothing of a person is stored: claims leave as JWE in deliveries.payload, and
-- that is erased when the delivery ends.
--
-- Ids compare by their bytes, whatever the database's collation. Attempts, events and deliveries
-- refer to their organization by way of the session: a reference of their own would lock the
-- organization's row once more for each of them.

CREATE TABLE organizations (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    face_match text NOT NULL,
    chip_proof text NOT NULL CHECK (chip_proof IN ('when_available', 'required')),
    revocation text NOT NULL CHECK (revocation IN ('report', 'strict')),
    expired_documents text NOT NULL CHECK (expired_documents IN ('refuse', 'report')),
    created_at bigint NOT NULL
);

CREATE TABLE api_keys (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint
);

CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE sessions (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    contract text NOT NULL,
    face_match text NOT NULL,
    chip_proof text NOT NULL CHECK (chip_proof IN ('when_available', 'required')),
    revocation text NOT NULL CHECK (revocation IN ('report', 'strict')),
    expired_documents text NOT NULL CHECK (expired_documents IN ('refuse', 'report')),
    redirect_url text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    state text NOT NULL,
    live_attempt_id text COLLATE "C",
    completed_at bigint,
    cancel_token_hash bytea NOT NULL,
    cancel_token_used_at bigint,
    device_hash bytea,
    fence bigint NOT NULL
);

CREATE INDEX sessions_by_organization ON sessions (organization_id, id);
CREATE INDEX sessions_live_by_expiry ON sessions (expires_at)
    WHERE state IN ('created', 'in_progress');

CREATE TABLE attempts (
    id text COLLATE "C" PRIMARY KEY,
    session_id text COLLATE "C" NOT NULL REFERENCES sessions (id),
    organization_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    token_hash bytea NOT NULL,
    token_issued_at bigint NOT NULL,
    token_expires_at bigint NOT NULL,
    state text NOT NULL,
    claimed_at bigint,
    fence bigint,
    phase text,
    phase_at bigint,
    app_version text,
    ended_at bigint,
    assurance text,
    failure_code text,
    was_claimed boolean,
    UNIQUE (session_id, position)
);

CREATE INDEX attempts_by_organization ON attempts (organization_id, id);

CREATE TABLE endpoints (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL REFERENCES organizations (id),
    name text,
    url text NOT NULL,
    subscribed text NOT NULL,
    sealed_secret text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    disabled_at bigint
);

CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);

CREATE TABLE encryption_keys (
    id text COLLATE "C" PRIMARY KEY,
    endpoint_id text COLLATE "C" NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    key_id text NOT NULL,
    jwk text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    disabled_at bigint
);

CREATE INDEX encryption_keys_by_endpoint ON encryption_keys (endpoint_id, id);
CREATE UNIQUE INDEX encryption_keys_one_active ON encryption_keys (endpoint_id)
    WHERE disabled_at IS NULL;

CREATE TABLE events (
    id text COLLATE "C" PRIMARY KEY,
    organization_id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    trigger_type text NOT NULL,
    session_id text COLLATE "C" NOT NULL REFERENCES sessions (id),
    attempt_id text COLLATE "C" REFERENCES attempts (id),
    failure_code text,
    created_at bigint NOT NULL
);

CREATE INDEX events_by_organization ON events (organization_id, id);

-- due_at is the time of the next try while the delivery is pending, and the end of the lease
-- while a worker holds it; a delivery that has ended has neither that nor a payload.
CREATE TABLE deliveries (
    id text COLLATE "C" PRIMARY KEY,
    event_id text COLLATE "C" NOT NULL REFERENCES events (id),
    endpoint_id text COLLATE "C" NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    encryption_key_id text COLLATE "C" REFERENCES encryption_keys (id) ON DELETE SET NULL,
    organization_id text COLLATE "C" NOT NULL,
    status text NOT NULL,
    due_at bigint,
    lease bigint NOT NULL DEFAULT 0,
    payload text,
    attempt_count bigint NOT NULL,
    last_attempt_at bigint,
    last_status_code bigint,
    last_error text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CHECK ((status IN ('pending', 'delivering')) = (due_at IS NOT NULL)),
    CHECK ((due_at IS NULL) = (payload IS NULL))
);

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_due_by_endpoint ON deliveries (endpoint_id, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, due_at) WHERE status = 'delivering';
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, id);
CREATE INDEX deliveries_by_event ON deliveries (event_id, id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_by_key ON deliveries (encryption_key_id);

CREATE TABLE installation (
    one bigint PRIMARY KEY CHECK (one = 1),
    key_check bytea NOT NULL
);

CREATE TABLE trust_items (
    fingerprint bytea PRIMARY KEY,
    kind text NOT NULL,
    der bytea NOT NULL,
    imported_at bigint NOT NULL
);

CREATE TABLE trust_sources (
    name text COLLATE "C" PRIMARY KEY,
    -- Rises with each edition: a signing time or a serial number; NULL where there is none.
    edition bigint,
    imported_at bigint NOT NULL
);

-- Who holds what. An item that nobody holds any more is deleted.
CREATE TABLE trust_vouchers (
    source text COLLATE "C" NOT NULL REFERENCES trust_sources (name),
    fingerprint bytea NOT NULL REFERENCES trust_items (fingerprint),
    verified boolean NOT NULL,
    PRIMARY KEY (source, fingerprint)
);

CREATE INDEX trust_vouchers_by_item ON trust_vouchers (fingerprint);

CREATE TABLE trust_generation (
    one bigint PRIMARY KEY CHECK (one = 1),
    generation bigint NOT NULL
);

INSERT INTO trust_generation (one, generation) VALUES (1, 0);
