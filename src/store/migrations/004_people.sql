-- What people do beside the status: they take note of what is critical, and write notes.
ALTER TABLE studies ADD COLUMN acknowledged_by TEXT;
ALTER TABLE studies ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE studies ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
-- Whoever opened a study before this version knew of it.
UPDATE studies SET acknowledged_by = status_by, acknowledged_at = status_at
    WHERE status <> 'new' AND status_at IS NOT NULL;

CREATE TABLE notes (
    id     INTEGER PRIMARY KEY,
    study  INTEGER NOT NULL REFERENCES studies (id),
    time   INTEGER NOT NULL,
    author TEXT    NOT NULL,
    text   TEXT    NOT NULL
) STRICT;
CREATE INDEX notes_by_study ON notes (study);
