-- Set on an image for processing of which the one for presentation is scored: that film. It is listed and does
-- not count; what it was scored with, or held for, stays.
ALTER TABLE films ADD COLUMN exposure_of INTEGER REFERENCES films (id);

-- Films beside the scored ones of a study with which nothing is amiss: laterals, second images of an exposure.
-- They are no longer among the held ones.
ALTER TABLE studies ADD COLUMN listed_films INTEGER NOT NULL DEFAULT 0;
UPDATE studies SET
    listed_films = (SELECT count(*) FROM films
                    WHERE films.study = studies.id AND films.state = 'held' AND films.gate = 'view'),
    held_reason = coalesce((SELECT reason FROM films
                            WHERE films.study = studies.id AND films.state = 'held' AND films.gate <> 'view'
                            ORDER BY films.id LIMIT 1), '')
    WHERE scored_films > 0 AND held_films > 0;
UPDATE studies SET held_films = held_films - listed_films WHERE listed_films > 0;
