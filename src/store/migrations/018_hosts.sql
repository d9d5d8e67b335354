-- For a store that several hosts share, which is one on PostgreSQL; a file has one owner and leaves these alone. They are
-- here so that one SQL text, and a copy of a store, fit both.

-- `inbox`: the named inbox that the file lies in, which its path begins with; empty: the path is the same on every host.
-- `seen_by`: the host that received it. `not_on`: hosts that cannot open it, with commas between.
-- `claimed_by`: the worker that has it now, until `lease_until` (microseconds of the server's clock). `claim` counts its
-- turns: a result of an earlier one is refused. `lost` counts the turns whose worker was not heard of any more.
ALTER TABLE files ADD COLUMN inbox TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN seen_by TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN not_on TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN claimed_by INTEGER;
ALTER TABLE files ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN lease_until INTEGER;
ALTER TABLE files ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

-- The processes that work for a store. Times are the server's. `inboxes`: the named inboxes that it has, with commas
-- between; `clock_ahead`: how far its host's clock is ahead, in microseconds; `state`: its health in its own words, as JSON.
CREATE TABLE workers (
    id         INTEGER PRIMARY KEY,
    host       TEXT    NOT NULL,
    pid        INTEGER NOT NULL,
    roles      TEXT    NOT NULL,
    inboxes    TEXT    NOT NULL,
    model      TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    rules      TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    device     TEXT    NOT NULL,
    started    INTEGER NOT NULL,
    heartbeat  INTEGER NOT NULL,
    ended      INTEGER,
    films      INTEGER NOT NULL DEFAULT 0,
    per_second REAL,
    clock_ahead INTEGER NOT NULL DEFAULT 0,
    state      TEXT    NOT NULL DEFAULT ''
) STRICT;

-- What one process alone does at a time. `token` counts the holders: a change by an earlier one is refused.
CREATE TABLE duties (
    name        TEXT    PRIMARY KEY,
    holder      INTEGER NOT NULL,
    token       INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
