-- A file whose disk or share did not answer is held, and queued again from `again_at` on by itself; `tries` is how
-- often it was tried. Null for all others.
ALTER TABLE files ADD COLUMN again_at INTEGER;
ALTER TABLE files ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX files_again ON files (again_at) WHERE again_at IS NOT NULL;
