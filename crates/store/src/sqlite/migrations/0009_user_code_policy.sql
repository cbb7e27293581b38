-- Whether the page shows a code to type.

ALTER TABLE organizations ADD COLUMN user_code TEXT NOT NULL DEFAULT 'offered'
    CHECK (user_code IN ('offered', 'off'));

ALTER TABLE sessions ADD COLUMN user_code TEXT NOT NULL DEFAULT 'offered'
    CHECK (user_code IN ('offered', 'off'));
