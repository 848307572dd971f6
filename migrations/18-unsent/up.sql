-- Step 18: a start does not count a long outbox, nor all Z-reports.

-- The count of the documents that the authority has not acknowledged. It is kept while they are many, and NULL while they are few and
-- counted at a start. It is written in the transaction that changes it, and `ferrotill verify` counts again.
ALTER TABLE clock ADD COLUMN unsent_documents INTEGER;
ALTER TABLE clock ADD COLUMN unsent_refused INTEGER;
ALTER TABLE clock ADD COLUMN unsent_sold INTEGER;
ALTER TABLE clock ADD COLUMN unsent_acknowledged_at INTEGER;

-- The Z-reports whose documents the authority has not acknowledged yet: there are few, and they are counted with each acknowledgement.
CREATE INDEX reconciliation_waits ON reconciliation (device) WHERE acknowledged_at IS NULL;
