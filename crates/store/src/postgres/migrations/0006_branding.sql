-- What an organization looks like. No row means its name alone.

CREATE TABLE branding (
    organization_id text PRIMARY KEY REFERENCES organizations (id),
    accent text,
    accent_dark text,
    logo_type text,
    logo bytea,
    logo_digest bytea,
    terms_url text,
    privacy_url text,
    -- A JSON array.
    frame_ancestors text NOT NULL,
    verified_domain text,
    verified_at bigint
);
