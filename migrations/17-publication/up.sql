-- Step 17: receipts are published where buyers read them.

-- Receipts that are published: in a bucket, and at an eReceipt service. A row is made with the seal of its document, or with the upload
-- of its receipt. This table does not follow from the journal, which does not know what is published where.
CREATE TABLE publication (
  id         INTEGER PRIMARY KEY,
  recipient  TEXT    NOT NULL CHECK (recipient IN ('bucket', 'ereceipt')),
  seq        INTEGER NOT NULL,       -- the Sealed row of the document, or the row of the upload
  receipt    BLOB    NOT NULL,       -- the id of the document or of the uploaded receipt
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts   INTEGER NOT NULL DEFAULT 0,
  at         INTEGER NOT NULL,       -- when it was sealed or uploaded
  again_at   INTEGER NOT NULL,       -- when it is tried next
  ended_at   INTEGER,                -- when it was published or given up
  last_error TEXT,
  link       TEXT,                   -- where the recipient shows it, if the recipient says so
  CHECK ((state = 'waiting') = (ended_at IS NULL)),
  UNIQUE (recipient, seq)
) STRICT;

CREATE INDEX publication_waiting ON publication (recipient, again_at) WHERE state = 'waiting';
CREATE INDEX publication_receipt ON publication (receipt);
