-- Trust material by source: an import of a source says all that the source holds.

CREATE TABLE trust_sources (
    name TEXT PRIMARY KEY,
    -- Rises with each edition: a signing time or a serial number; NULL where there is none.
    edition INTEGER,
    imported_at INTEGER NOT NULL
) STRICT;

-- Who holds what. An item that nobody holds any more is deleted.
CREATE TABLE trust_vouchers (
    source TEXT NOT NULL REFERENCES trust_sources (name),
    fingerprint BLOB NOT NULL REFERENCES trust_items (fingerprint),
    verified INTEGER NOT NULL,
    PRIMARY KEY (source, fingerprint)
) STRICT;

CREATE INDEX trust_vouchers_by_item ON trust_vouchers (fingerprint);

INSERT INTO trust_sources (name, edition, imported_at)
SELECT source, NULL, max(imported_at) FROM trust_items GROUP BY source;

INSERT INTO trust_vouchers (source, fingerprint, verified)
SELECT source, fingerprint, verified FROM trust_items;

ALTER TABLE trust_items DROP COLUMN source;
ALTER TABLE trust_items DROP COLUMN verified;
