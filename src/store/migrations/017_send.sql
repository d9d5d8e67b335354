-- Results that are sent by DICOM wait in the outbox, too: the table anew, with their kind among those that it checks.
CREATE TABLE outbox_new (
    id        INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    plugin    TEXT    NOT NULL,
    study     INTEGER,
    kind      TEXT    NOT NULL CHECK (kind IN ('notify', 'webhook', 'write', 'copy', 'send', 'run')),
    target    TEXT    NOT NULL,
    content   TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    once      TEXT,
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    attempts  INTEGER NOT NULL DEFAULT 0,
    due       INTEGER NOT NULL,
    plan      TEXT    NOT NULL DEFAULT '',
    fault     TEXT    NOT NULL DEFAULT '',
    tried_for INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO outbox_new (id, time, plugin, study, kind, target, content, key, once, state, attempts, due, plan, fault, tried_for)
    SELECT id, time, plugin, study, kind, target, content, key, once, state, attempts, due, plan, fault, tried_for FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE UNIQUE INDEX outbox_once ON outbox (plugin, kind, once) WHERE once IS NOT NULL;
CREATE INDEX outbox_notices ON outbox (id) WHERE kind = 'notify';
CREATE INDEX outbox_waiting ON outbox (kind, plugin, target, attempts, id, due) WHERE state = 'waiting';
CREATE INDEX outbox_failed ON outbox (kind) WHERE state = 'failed';
-- The versions of a study's result, for each destination.
CREATE INDEX outbox_sent ON outbox (study, target, id) WHERE kind = 'send';
CREATE INDEX outbox_sends ON outbox (id) WHERE kind = 'send';

-- How far the audit has been followed for each destination: what came before it was configured is not sent by itself.
CREATE TABLE send_cursors (
    target TEXT    PRIMARY KEY,
    event  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
