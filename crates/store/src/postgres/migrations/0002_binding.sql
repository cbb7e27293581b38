-- What binds a session to the browser that opened it and to the phone's key. Everyone gets the
-- default policies: nothing is bound in the sessions that exist, so nothing changes for them.

ALTER TABLE organizations ADD COLUMN browser_binding text NOT NULL DEFAULT 'when_opened'
    CHECK (browser_binding IN ('when_opened', 'required', 'off'));
ALTER TABLE organizations ADD COLUMN match_code text NOT NULL DEFAULT 'when_supported'
    CHECK (match_code IN ('when_supported', 'required', 'off'));
ALTER TABLE organizations ADD COLUMN device_proof text NOT NULL DEFAULT 'when_available'
    CHECK (device_proof IN ('when_available', 'required'));
ALTER TABLE organizations ADD COLUMN same_network text NOT NULL DEFAULT 'report'
    CHECK (same_network IN ('report', 'required'));

ALTER TABLE sessions ADD COLUMN browser_binding text NOT NULL DEFAULT 'when_opened'
    CHECK (browser_binding IN ('when_opened', 'required', 'off'));
ALTER TABLE sessions ADD COLUMN match_code text NOT NULL DEFAULT 'when_supported'
    CHECK (match_code IN ('when_supported', 'required', 'off'));
ALTER TABLE sessions ADD COLUMN device_proof text NOT NULL DEFAULT 'when_available'
    CHECK (device_proof IN ('when_available', 'required'));
ALTER TABLE sessions ADD COLUMN same_network text NOT NULL DEFAULT 'report'
    CHECK (same_network IN ('report', 'required'));

ALTER TABLE sessions ADD COLUMN device_proven boolean NOT NULL DEFAULT false;
ALTER TABLE sessions ADD COLUMN confirmed boolean NOT NULL DEFAULT false;

-- Null but for browser_secret: what the browser did not say, or cannot be told.
ALTER TABLE sessions ADD COLUMN browser_secret bytea;
ALTER TABLE sessions ADD COLUMN browser_family text;
ALTER TABLE sessions ADD COLUMN browser_os text;
ALTER TABLE sessions ADD COLUMN browser_place text;
ALTER TABLE sessions ADD COLUMN browser_address_family text;
ALTER TABLE sessions ADD COLUMN browser_network bytea;

ALTER TABLE attempts ADD COLUMN flow text;
ALTER TABLE attempts ADD COLUMN same_network text;
ALTER TABLE attempts ADD COLUMN match_code text;
UPDATE attempts SET flow = 'unknown', same_network = 'unknown', match_code = 'not_asked'
WHERE state = 'claimed';
