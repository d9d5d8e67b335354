-- Milliseconds for which a delivery that failed has been tried again while the program ran, by a clock that nobody sets:
-- when it is given up depends on this, not on the date.
ALTER TABLE outbox ADD COLUMN tried_for INTEGER NOT NULL DEFAULT 0;
-- The outbox is read destination by destination.
DROP INDEX outbox_due;
CREATE INDEX outbox_waiting ON outbox (kind, plugin, target, attempts, id, due) WHERE state = 'waiting';
