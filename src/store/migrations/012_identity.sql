-- One SOP Instance UID may stand on two films, one Study Instance UID on the studies of two patients.
-- `pixels` is a hash of the stored picture; null where nobody knows it: of a film that did not decode, or that an
-- earlier version recorded.
ALTER TABLE films ADD COLUMN pixels TEXT;
DROP INDEX films_claims;
CREATE INDEX films_by_number ON films (sop_instance_uid, pixels) WHERE sop_instance_uid IS NOT NULL;

-- The rows that bear one Study Instance UID, numbered as they came, and what their films say of their patients.
CREATE TABLE study_patients (
    uid        TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    study      INTEGER NOT NULL UNIQUE REFERENCES studies (id),
    patient_id TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    birth_date TEXT    NOT NULL,
    PRIMARY KEY (uid, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX study_patients_by_id ON study_patients (uid, patient_id);
-- Keys of other kinds have a colon.
INSERT INTO study_patients (uid, number, study, patient_id, name, birth_date)
    SELECT key, 1, id, trim(patient_id), trim(patient_name), '' FROM studies WHERE instr(key, ':') = 0;

-- Films that bear the SOP Instance UID of another film: which one, and what tells them apart. Of many that bear one
-- number each film names a few.
CREATE TABLE clashes (
    film     INTEGER NOT NULL REFERENCES films (id),
    other    INTEGER NOT NULL REFERENCES films (id),
    study    INTEGER NOT NULL REFERENCES studies (id),
    patient  INTEGER NOT NULL,
    of_study INTEGER NOT NULL,
    pixels   INTEGER,
    PRIMARY KEY (film, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX clashes_by_study ON clashes (study);

-- A film's copies: where to look for it when the file that brought it has been moved.
CREATE INDEX files_duplicates ON files (film) WHERE state = 'duplicate';

-- What the owner's inbox holds and leaves out by its name, as JSON: one row.
CREATE TABLE left_out (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    counts TEXT    NOT NULL
) STRICT;
