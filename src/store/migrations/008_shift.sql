-- For the shift panel and for comparing a film with the last ones: each of their questions reads an index's end.
CREATE INDEX films_scored ON films (model) WHERE state = 'scored' AND exposure_of IS NULL;
CREATE INDEX films_finished ON films (finished_at);
CREATE INDEX files_received ON files (received_at, state);
CREATE INDEX studies_unseen ON studies (severity, first_arrival) WHERE status = 'new';
CREATE INDEX events_of_standing ON events (time) WHERE kind IN ('status', 'taken_back');
