-- For health and metrics, which are asked every few seconds: each of their questions reads an index.
CREATE INDEX studies_ringing ON studies (id) WHERE severity = 'critical' AND acknowledged_at IS NULL;
CREATE INDEX outbox_failed ON outbox (kind) WHERE state = 'failed';

-- For retention. `removed_at`: the retention has deleted the file; `forgotten_at`: the patient's data have been removed.
ALTER TABLE files ADD COLUMN removed_at INTEGER;
ALTER TABLE studies ADD COLUMN forgotten_at INTEGER;
CREATE INDEX studies_done ON studies (status_at, id) WHERE status = 'done';
CREATE INDEX files_of_films ON files (film) WHERE removed_at IS NULL AND film IS NOT NULL;

-- One row in a copy of a store: when it was made. The first start on the copy checks it, and removes the row.
CREATE TABLE backup (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    made_at INTEGER NOT NULL
) STRICT;
