-- Rates that several servers keep together.
CREATE TABLE allowances (
    -- Which rate.
    name text NOT NULL,
    -- Whose: the id of an organization.
    holder text NOT NULL,
    -- Until when what was drawn is paid for, in microseconds since the epoch.
    spent_until bigint NOT NULL,
    PRIMARY KEY (name, holder)
);
