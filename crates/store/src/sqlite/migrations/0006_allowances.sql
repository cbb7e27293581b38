-- Rates that several servers keep together.
CREATE TABLE allowances (
    -- Which rate.
    name TEXT NOT NULL,
    -- Whose: the id of an organization.
    holder TEXT NOT NULL,
    -- Until when what was drawn is paid for, in microseconds since the epoch.
    spent_until INTEGER NOT NULL,
    PRIMARY KEY (name, holder)
) STRICT, WITHOUT ROWID;
