-- The audit trail. It refers to nothing: what is deleted elsewhere stays told here.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    organization_id TEXT,
    session_id TEXT,
    attempt_id TEXT,
    object TEXT,
    code TEXT,
    hash BLOB NOT NULL
) STRICT;

-- Against mistakes. Who can drop these is found out by the hashes.
CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
