-- Which queued files are in work. Those that were when the program died wait behind what was there then (`behind`, the
-- newest file of that moment) and are tried in a process of their own; `stops` counts how often they ended that one.
ALTER TABLE files ADD COLUMN in_work INTEGER NOT NULL DEFAULT 0;
ALTER TABLE files ADD COLUMN behind INTEGER;
ALTER TABLE files ADD COLUMN stops INTEGER NOT NULL DEFAULT 0;
DROP INDEX files_queued;
CREATE INDEX files_queued ON files (coalesce(behind, id), behind, id) WHERE state = 'queued';
