-- What an organization looks like. No row means its name alone.

CREATE TABLE branding (
    organization_id TEXT PRIMARY KEY REFERENCES organizations (id),
    accent TEXT,
    accent_dark TEXT,
    logo_type TEXT,
    logo BLOB,
    logo_digest BLOB,
    terms_url TEXT,
    privacy_url TEXT,
    -- A JSON array.
    frame_ancestors TEXT NOT NULL,
    verified_domain TEXT,
    verified_at INTEGER
) STRICT;
