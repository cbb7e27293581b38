-- What a person does at the page: agrees, asks for more time, types a code, goes back. Nobody had
-- agreed to anything at the page before, and nobody was given a code.

ALTER TABLE sessions ADD COLUMN consent_version TEXT;
ALTER TABLE sessions ADD COLUMN consent_locale TEXT;
ALTER TABLE sessions ADD COLUMN consent_at INTEGER;
ALTER TABLE sessions ADD COLUMN cancel_reason TEXT;
ALTER TABLE sessions ADD COLUMN extensions INTEGER NOT NULL DEFAULT 0;
-- The secret of the browser that may take a response code back.
ALTER TABLE sessions ADD COLUMN returner BLOB;
ALTER TABLE sessions ADD COLUMN response_code_hash BLOB;
ALTER TABLE sessions ADD COLUMN response_code_expires_at INTEGER;
ALTER TABLE sessions ADD COLUMN response_code_used_at INTEGER;

ALTER TABLE attempts ADD COLUMN user_code_hash BLOB;
ALTER TABLE attempts ADD COLUMN progress INTEGER;

CREATE INDEX attempts_by_user_code ON attempts (user_code_hash) WHERE user_code_hash IS NOT NULL;
CREATE INDEX sessions_by_end_to_forget ON sessions (completed_at) WHERE returner IS NOT NULL;

-- Who cancelled what has ended: the trail tells of the phone, and the session of its token. Else it
-- was the relying party.
UPDATE sessions SET cancel_reason = 'cancelled_by_person'
WHERE state = 'cancelled' AND cancel_token_used_at <= completed_at;
UPDATE sessions SET cancel_reason = 'not_me'
WHERE state = 'cancelled' AND id IN (
    SELECT session_id FROM audit
    WHERE action = 'session.cancelled' AND actor = 'phone' AND session_id IS NOT NULL
);
