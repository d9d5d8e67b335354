-- What gates said of a film that was scored all the same: a JSON list of sentences; null for none.
ALTER TABLE films ADD COLUMN warnings TEXT;
