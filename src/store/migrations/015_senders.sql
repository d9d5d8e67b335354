-- Who sends films by DICOM: one row an AE title and address. `day` is a date of the receiver's place.
CREATE TABLE senders (
    title        TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    seen         INTEGER NOT NULL,
    last_film    INTEGER,
    films        INTEGER NOT NULL DEFAULT 0,
    day          TEXT    NOT NULL DEFAULT '',
    films_of_day INTEGER NOT NULL DEFAULT 0,
    refusals     INTEGER NOT NULL DEFAULT 0,
    last_refusal INTEGER,
    reason       TEXT,
    PRIMARY KEY (title, address)
) STRICT, WITHOUT ROWID;
