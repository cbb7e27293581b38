-- Times are milliseconds since 1970-01-01T00:00:00Z. Hashes are keyed, 32 bytes.
-- Nothing of a person is stored: claims leave as JWE in deliveries.payload, and that is erased
-- when the delivery ends.

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    face_match TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    contract TEXT NOT NULL,
    face_match TEXT NOT NULL,
    redirect_url TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    live_attempt_id TEXT,
    completed_at INTEGER,
    cancel_token_hash BLOB NOT NULL,
    cancel_token_used_at INTEGER,
    device_hash BLOB,
    fence INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_organization ON sessions (organization_id, id);
CREATE INDEX sessions_live_by_expiry ON sessions (expires_at)
    WHERE state IN ('created', 'in_progress');

CREATE TABLE attempts (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    token_issued_at INTEGER NOT NULL,
    token_expires_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    claimed_at INTEGER,
    fence INTEGER,
    phase TEXT,
    phase_at INTEGER,
    app_version TEXT,
    ended_at INTEGER,
    assurance TEXT,
    failure_code TEXT,
    was_claimed INTEGER,
    UNIQUE (session_id, position)
) STRICT;

CREATE INDEX attempts_by_organization ON attempts (organization_id, id);

CREATE TABLE endpoints (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT,
    url TEXT NOT NULL,
    subscribed TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE INDEX endpoints_by_organization ON endpoints (organization_id, id);

CREATE TABLE encryption_keys (
    id TEXT PRIMARY KEY,
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL,
    jwk TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE INDEX encryption_keys_by_endpoint ON encryption_keys (endpoint_id, id);
CREATE UNIQUE INDEX encryption_keys_one_active ON encryption_keys (endpoint_id)
    WHERE disabled_at IS NULL;

CREATE TABLE events (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    type TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    attempt_id TEXT REFERENCES attempts (id),
    failure_code TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX events_by_organization ON events (organization_id, id);

-- due_at is the time of the next try while the delivery is pending, and the end of the lease
-- while a worker holds it; a delivery that has ended has neither that nor a payload.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id),
    endpoint_id TEXT NOT NULL REFERENCES endpoints (id) ON DELETE CASCADE,
    encryption_key_id TEXT REFERENCES encryption_keys (id) ON DELETE SET NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    due_at INTEGER,
    lease INTEGER NOT NULL DEFAULT 0,
    payload TEXT,
    attempt_count INTEGER NOT NULL,
    last_attempt_at INTEGER,
    last_status_code INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((status IN ('pending', 'delivering')) = (due_at IS NOT NULL)),
    CHECK ((due_at IS NULL) = (payload IS NULL))
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_due_by_endpoint ON deliveries (endpoint_id, due_at)
    WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, due_at) WHERE status = 'delivering';
CREATE INDEX deliveries_by_organization ON deliveries (organization_id, id);
CREATE INDEX deliveries_by_event ON deliveries (event_id, id);
CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_by_key ON deliveries (encryption_key_id);

CREATE TABLE installation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key_check BLOB NOT NULL
) STRICT;

CREATE TABLE trust_items (
    fingerprint BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    der BLOB NOT NULL,
    source TEXT NOT NULL,
    verified INTEGER NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT;

CREATE TABLE trust_generation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    generation INTEGER NOT NULL
) STRICT;

INSERT INTO trust_generation (only, generation) VALUES (1, 0);
