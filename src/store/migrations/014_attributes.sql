-- Attributes of the header that the list can show. Of films that an earlier version read, the header holds the station.
ALTER TABLE studies ADD COLUMN patient_age  TEXT NOT NULL DEFAULT '';
ALTER TABLE studies ADD COLUMN patient_sex  TEXT NOT NULL DEFAULT '';
ALTER TABLE studies ADD COLUMN station_name TEXT NOT NULL DEFAULT '';
UPDATE studies SET station_name = coalesce(
    (SELECT CASE WHEN json_valid(header) THEN header ->> 'station_name' END FROM films
     WHERE films.study = studies.id AND header IS NOT NULL AND state <> 'superseded'
     ORDER BY decoded DESC, id LIMIT 1), '');
