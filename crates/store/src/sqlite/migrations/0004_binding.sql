-- What binds a session to the browser that opened it and to the phone's key. Everyone gets the
-- default policies: nothing is bound in the sessions that exist, so nothing changes for them.

ALTER TABLE organizations ADD COLUMN browser_binding TEXT NOT NULL DEFAULT 'when_opened'
    CHECK (browser_binding IN ('when_opened', 'required', 'off'));
ALTER TABLE organizations ADD COLUMN match_code TEXT NOT NULL DEFAULT 'when_supported'
    CHECK (match_code IN ('when_supported', 'required', 'off'));
ALTER TABLE organizations ADD COLUMN device_proof TEXT NOT NULL DEFAULT 'when_available'
    CHECK (device_proof IN ('when_available', 'required'));
ALTER TABLE organizations ADD COLUMN same_network TEXT NOT NULL DEFAULT 'report'
    CHECK (same_network IN ('report', 'required'));

ALTER TABLE sessions ADD COLUMN browser_binding TEXT NOT NULL DEFAULT 'when_opened'
    CHECK (browser_binding IN ('when_opened', 'required', 'off'));
ALTER TABLE sessions ADD COLUMN match_code TEXT NOT NULL DEFAULT 'when_supported'
    CHECK (match_code IN ('when_supported', 'required', 'off'));
ALTER TABLE sessions ADD COLUMN device_proof TEXT NOT NULL DEFAULT 'when_available'
    CHECK (device_proof IN ('when_available', 'required'));
ALTER TABLE sessions ADD COLUMN same_network TEXT NOT NULL DEFAULT 'report'
    CHECK (same_network IN ('report', 'required'));

ALTER TABLE sessions ADD COLUMN device_proven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

-- Null but for browser_secret: what the browser did not say, or cannot be told.
ALTER TABLE sessions ADD COLUMN browser_secret BLOB;
ALTER TABLE sessions ADD COLUMN browser_family TEXT;
ALTER TABLE sessions ADD COLUMN browser_os TEXT;
ALTER TABLE sessions ADD COLUMN browser_place TEXT;
ALTER TABLE sessions ADD COLUMN browser_address_family TEXT;
ALTER TABLE sessions ADD COLUMN browser_network BLOB;

ALTER TABLE attempts ADD COLUMN flow TEXT;
ALTER TABLE attempts ADD COLUMN same_network TEXT;
ALTER TABLE attempts ADD COLUMN match_code TEXT;
UPDATE attempts SET flow = 'unknown', same_network = 'unknown', match_code = 'not_asked'
WHERE state = 'claimed';
