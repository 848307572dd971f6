-- Step 7: finds resources and signed receipts in the journal.

-- Finds the resources that an API has created, and what callers keep with receipts: there are few such rows, and each start looks for them.
CREATE INDEX journal_resource ON journal (kind, device, seq) WHERE kind IN (25, 26);
-- Finds a signed receipt by its number, which counts the rows of its register.
CREATE INDEX journal_prepared ON journal (device, seq) WHERE kind = 16;
