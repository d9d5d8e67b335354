-- So that a film costs a study of thousands no more than a study of two: what the worklist's row needs of its films
-- is counted as they change, and found by the end of an index.

-- What a film counts as: scored, beside the scored ones, amiss; none once another film took its place. The gates that
-- list a film beside others are those of Gate::lists_beside.
ALTER TABLE films ADD COLUMN part TEXT GENERATED ALWAYS AS (CASE
    WHEN state = 'superseded' THEN 'none'
    WHEN exposure_of IS NOT NULL OR gate IN ('view', 'exposure') THEN 'beside'
    WHEN gate IS NOT NULL THEN 'amiss'
    ELSE 'scored' END) VIRTUAL;

ALTER TABLE studies ADD COLUMN parts_scored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN parts_beside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN parts_amiss  INTEGER NOT NULL DEFAULT 0;
UPDATE studies SET
    parts_scored = (SELECT count(*) FROM films WHERE films.study = studies.id AND films.part = 'scored'),
    parts_beside = (SELECT count(*) FROM films WHERE films.study = studies.id AND films.part = 'beside'),
    parts_amiss  = (SELECT count(*) FROM films WHERE films.study = studies.id AND films.part = 'amiss');
CREATE TRIGGER films_come AFTER INSERT ON films BEGIN
    UPDATE studies SET
        parts_scored = parts_scored + (NEW.part = 'scored'),
        parts_beside = parts_beside + (NEW.part = 'beside'),
        parts_amiss  = parts_amiss  + (NEW.part = 'amiss')
        WHERE id = NEW.study;
END;
CREATE TRIGGER films_change AFTER UPDATE OF study, state, gate, exposure_of ON films BEGIN
    UPDATE studies SET
        parts_scored = parts_scored - (OLD.part = 'scored'),
        parts_beside = parts_beside - (OLD.part = 'beside'),
        parts_amiss  = parts_amiss  - (OLD.part = 'amiss')
        WHERE id = OLD.study;
    UPDATE studies SET
        parts_scored = parts_scored + (NEW.part = 'scored'),
        parts_beside = parts_beside + (NEW.part = 'beside'),
        parts_amiss  = parts_amiss  + (NEW.part = 'amiss')
        WHERE id = NEW.study;
END;

-- The highest band among the film's ranking findings (0 held to 3 critical) and the highest score in it, as the
-- triage room sees them; null where none ranks. Which film decides for its study is the first by these.
ALTER TABLE films ADD COLUMN band INTEGER;
ALTER TABLE films ADD COLUMN best REAL;
UPDATE films SET band = (SELECT max(CASE severity WHEN 'critical' THEN 3 WHEN 'urgent' THEN 2 WHEN 'routine' THEN 1 END)
                         FROM findings WHERE findings.film = films.id AND findings.rank = 1);
UPDATE films SET best = (SELECT max(score) FROM findings WHERE findings.film = films.id AND findings.rank = 1
        AND findings.severity = CASE films.band WHEN 3 THEN 'critical' WHEN 2 THEN 'urgent' ELSE 'routine' END)
    WHERE band IS NOT NULL;
CREATE INDEX films_best ON films (study, part, band DESC, best DESC, id);
CREATE INDEX films_first ON films (study, part, id);
CREATE INDEX films_latest ON films (study, part, finished_at DESC, id DESC);
CREATE INDEX films_named ON films (study, decoded DESC, id) WHERE header IS NOT NULL AND state <> 'superseded';

-- What tells two images of one exposure (film/exposure.rs); null but for films that decoded and tell their intent.
ALTER TABLE films ADD COLUMN intent TEXT GENERATED ALWAYS AS (CASE
    WHEN decoded = 1 AND json_valid(header) THEN upper(header ->> 'presentation_intent_type') END) VIRTUAL;
ALTER TABLE films ADD COLUMN acquired_at TEXT GENERATED ALWAYS AS (CASE
    WHEN intent IS NOT NULL THEN header ->> 'acquired_at' END) VIRTUAL;
ALTER TABLE films ADD COLUMN content_at TEXT GENERATED ALWAYS AS (CASE
    WHEN intent IS NOT NULL THEN header ->> 'content_at' END) VIRTUAL;
ALTER TABLE films ADD COLUMN source_image TEXT GENERATED ALWAYS AS (CASE
    WHEN intent IS NOT NULL THEN header ->> '$.source_images[0]' END) VIRTUAL;
CREATE INDEX films_acquired ON films (study, intent, acquired_at, id) WHERE acquired_at IS NOT NULL;
CREATE INDEX films_content ON films (study, intent, content_at, id) WHERE content_at IS NOT NULL;
CREATE INDEX films_source ON films (study, source_image, id) WHERE source_image IS NOT NULL;
