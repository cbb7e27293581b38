-- The audit trail. It refers to nothing: what is deleted elsewhere stays told here.
CREATE TABLE audit (
    number bigint PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    organization_id text,
    session_id text,
    attempt_id text,
    object text,
    code text,
    hash bytea NOT NULL
);

-- What is committed and not linked yet. Entries about one thing are in the order of its changes,
-- since each is written under the lock of what it tells of.
CREATE TABLE audit_unlinked (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    organization_id text,
    session_id text,
    attempt_id text,
    object text,
    code text
);

-- Against mistakes. Who can drop this is found out by the hashes.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END
$$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
