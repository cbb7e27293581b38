-- Policies on chip proofs, revocation and expired documents. Organizations get the defaults;
-- sessions that exist keep the rules they were created under, when nothing of this was refused.

ALTER TABLE organizations ADD COLUMN chip_proof TEXT NOT NULL DEFAULT 'when_available'
    CHECK (chip_proof IN ('when_available', 'required'));
ALTER TABLE organizations ADD COLUMN revocation TEXT NOT NULL DEFAULT 'report'
    CHECK (revocation IN ('report', 'strict'));
ALTER TABLE organizations ADD COLUMN expired_documents TEXT NOT NULL DEFAULT 'refuse'
    CHECK (expired_documents IN ('refuse', 'report'));

ALTER TABLE sessions ADD COLUMN chip_proof TEXT NOT NULL DEFAULT 'when_available'
    CHECK (chip_proof IN ('when_available', 'required'));
ALTER TABLE sessions ADD COLUMN revocation TEXT NOT NULL DEFAULT 'report'
    CHECK (revocation IN ('report', 'strict'));
ALTER TABLE sessions ADD COLUMN expired_documents TEXT NOT NULL DEFAULT 'report'
    CHECK (expired_documents IN ('refuse', 'report'));

-- Verdicts until now rest on the signed files alone: no chip was asked for anything.
UPDATE attempts
SET assurance = json_set(
    json_remove(assurance, '$.chip_proof'),
    '$.active_authentication', json('{"state":"not_attempted"}'),
    '$.chip_authentication', json('{"state":"not_attempted"}'),
    '$.phone_reported', NULL)
WHERE assurance IS NOT NULL;
