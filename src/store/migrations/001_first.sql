-- Times are microseconds since 1970, UTC. Words (state, severity, status, gate) are those that users,
-- JSON and the documents know. Scores and bands are written by the triage room, never by SQL.

-- Every model that ever scored a film here. `digest` covers name, weights and manifest: the same
-- weights with another preprocessing are another row.
CREATE TABLE models (
    id         INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    sha256     TEXT    NOT NULL,
    manifest   TEXT    NOT NULL,
    first_used INTEGER NOT NULL
) STRICT;

-- Every set of thresholds that was ever in force, once, as JSON.
CREATE TABLE rules (
    id         INTEGER PRIMARY KEY,
    digest     TEXT    NOT NULL UNIQUE,
    model      TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    first_used INTEGER NOT NULL
) STRICT;

-- One row is one line of the worklist. All but arrival, status, promotion and outside priority is
-- derived from the study's films, and kept here so that a list of 100,000 needs no join.
-- A study with no film (scored_films + held_films = 0) has left the list.
CREATE TABLE studies (
    id                 INTEGER PRIMARY KEY,
    key                TEXT    NOT NULL UNIQUE,
    patient_id         TEXT    NOT NULL DEFAULT '',
    patient_name       TEXT    NOT NULL DEFAULT '',
    accession_number   TEXT    NOT NULL DEFAULT '',
    description        TEXT    NOT NULL DEFAULT '',
    view               TEXT    NOT NULL DEFAULT '',
    file_name          TEXT    NOT NULL DEFAULT '',
    study_time         TEXT,
    first_arrival      INTEGER NOT NULL,
    last_arrival       INTEGER NOT NULL,
    complete           INTEGER NOT NULL DEFAULT 0,
    scored_films       INTEGER NOT NULL DEFAULT 0,
    held_films         INTEGER NOT NULL DEFAULT 0,
    severity           TEXT    NOT NULL DEFAULT 'held',
    assessed           TEXT    NOT NULL DEFAULT 'held',
    score              REAL,
    top                TEXT,
    promoted_at        INTEGER,
    outside_floor      TEXT,
    outside_source     TEXT,
    was_critical_until INTEGER,
    status             TEXT    NOT NULL DEFAULT 'new'
                       CHECK (status IN ('new', 'seen', 'claimed', 'done')),
    status_by          TEXT    NOT NULL DEFAULT '',
    status_at          INTEGER,
    model              TEXT    NOT NULL DEFAULT '',
    held_reason        TEXT    NOT NULL DEFAULT '',
    revision           INTEGER NOT NULL DEFAULT 0
) STRICT;
-- A follower asks for what is newer than it knows; the newest revision is this index's last entry.
CREATE INDEX studies_by_revision ON studies (revision);
CREATE INDEX studies_growing ON studies (last_arrival) WHERE complete = 0;
CREATE INDEX studies_waiting ON studies (first_arrival) WHERE status = 'new' AND promoted_at IS NULL;
-- Covers the counts of the shift panel.
CREATE INDEX studies_counted ON studies (status, severity, scored_films, held_films);

-- Every file that intake reported. `path` is text, or bytes where it is not UTF-8.
CREATE TABLE files (
    id          INTEGER PRIMARY KEY,
    path        ANY     NOT NULL,
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'queued'
                CHECK (state IN ('queued', 'done', 'duplicate', 'gone')),
    film        INTEGER REFERENCES films (id),
    UNIQUE (path, size, modified_ns)
) STRICT;
CREATE INDEX files_queued ON files (id) WHERE state = 'queued';

-- One row is one film, counted once. `sha256` is null only for a file that went before it was read.
-- `decoded` is 0 where the file could not be decoded: such a film claims no SOP Instance UID.
CREATE TABLE films (
    id               INTEGER PRIMARY KEY,
    study            INTEGER NOT NULL REFERENCES studies (id),
    file             INTEGER NOT NULL REFERENCES files (id),
    sha256           TEXT    UNIQUE,
    sop_instance_uid TEXT,
    decoded          INTEGER NOT NULL,
    header           TEXT,
    state            TEXT    NOT NULL CHECK (state IN ('scored', 'held', 'superseded')),
    gate             TEXT,
    reason           TEXT,
    model            INTEGER REFERENCES models (id),
    rules            INTEGER REFERENCES rules (id),
    version          TEXT    NOT NULL,
    device           TEXT,
    finished_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX films_by_study ON films (study);
CREATE UNIQUE INDEX films_claims ON films (sop_instance_uid)
    WHERE decoded = 1 AND sop_instance_uid IS NOT NULL;
-- The few that a good re-send may supersede.
CREATE INDEX films_broken ON films (sop_instance_uid, id) WHERE decoded = 0 AND state = 'held';

-- `position` is the label's place in the model's output and in the heatmap.
CREATE TABLE findings (
    film        INTEGER NOT NULL REFERENCES films (id),
    position    INTEGER NOT NULL,
    label       TEXT    NOT NULL,
    probability REAL    NOT NULL,
    threshold   REAL    NOT NULL,
    critical    REAL    NOT NULL,
    score       REAL    NOT NULL,
    severity    TEXT    NOT NULL,
    rank        INTEGER NOT NULL,
    validated   INTEGER NOT NULL,
    PRIMARY KEY (film, position)
) STRICT, WITHOUT ROWID;

-- Apart from the films, so that reading those does not drag 1.5 KB a film along.
CREATE TABLE heatmaps (
    film  INTEGER PRIMARY KEY REFERENCES films (id),
    bytes BLOB    NOT NULL
) STRICT;

-- The audit: what happened, to what, by whom. Rows are only ever added. No patient's name in it.
CREATE TABLE events (
    id     INTEGER PRIMARY KEY,
    time   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    study  INTEGER,
    film   INTEGER,
    file   INTEGER,
    actor  TEXT    NOT NULL,
    detail TEXT    NOT NULL
) STRICT;
CREATE INDEX events_by_study ON events (study) WHERE study IS NOT NULL;
