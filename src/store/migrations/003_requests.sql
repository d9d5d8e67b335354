-- A person asked for a held film to be scored all the same. `gate` and `reason` are what it was held for at
-- that time; `answer` is the reason why it could not be done. The film's file is queued while a request is open.
CREATE TABLE requests (
    id       INTEGER PRIMARY KEY,
    film     INTEGER NOT NULL REFERENCES films (id),
    actor    TEXT    NOT NULL,
    asked_at INTEGER NOT NULL,
    gate     TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    state    TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'scored', 'refused')),
    answer   TEXT
) STRICT;
CREATE INDEX requests_by_film ON requests (film);
CREATE UNIQUE INDEX requests_open ON requests (film) WHERE state = 'open';
