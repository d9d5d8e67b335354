-- What plugins put beside a study: a JSON object; empty for nothing. Here, so that a list of 100,000
-- needs no join.
ALTER TABLE studies ADD COLUMN marks TEXT NOT NULL DEFAULT '';

-- Every plugin that ever ran here. `cursor` is the last event of the audit whose hooks have been called;
-- it moves in the transaction that keeps what they returned. `record` is what `plugins list` prints.
CREATE TABLE plugins (
    name   TEXT    PRIMARY KEY,
    cursor INTEGER NOT NULL,
    record TEXT    NOT NULL DEFAULT ''
) STRICT;

-- What people ask of a plugin, from whichever process they sit at; the owner's process answers.
CREATE TABLE plugin_requests (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    plugin  TEXT    NOT NULL,
    command TEXT,
    study   INTEGER,
    actor   TEXT    NOT NULL
) STRICT;

-- What plugins want done outside the store. `key` goes with a delivery wherever it goes, so that the
-- other side can tell a repeat. `plan` is what was noted down before the first byte was written. The
-- content is dropped when it is done: its hash is in the audit.
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY,
    time     INTEGER NOT NULL,
    plugin   TEXT    NOT NULL,
    study    INTEGER,
    kind     TEXT    NOT NULL CHECK (kind IN ('notify', 'webhook', 'write', 'copy', 'run')),
    target   TEXT    NOT NULL,
    content  TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    once     TEXT,
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL,
    plan     TEXT    NOT NULL DEFAULT '',
    fault    TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_due ON outbox (due) WHERE state = 'waiting';
CREATE UNIQUE INDEX outbox_once ON outbox (plugin, kind, once) WHERE once IS NOT NULL;
CREATE INDEX outbox_notices ON outbox (id) WHERE kind = 'notify';
