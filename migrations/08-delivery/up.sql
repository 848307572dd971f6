-- Step 8: receipts are sent to buyers.

-- Receipts that are sent to buyers, by mail or by telephone. A row is made with the reservation of its document, and is sent when the
-- document is sealed. This table does not follow from the journal, which has no contact of a buyer.
CREATE TABLE delivery (
  id           INTEGER PRIMARY KEY,
  reserved_seq INTEGER NOT NULL,       -- the Reserved row of the document
  recipient    TEXT    NOT NULL CHECK (recipient IN ('mail', 'sms')),
  is_copy      INTEGER NOT NULL CHECK (is_copy IN (0, 1)),
  address      TEXT,                   -- the contact, until the receipt is sent or given up
  shown        TEXT    NOT NULL,       -- the contact with stars, for people
  state        TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts     INTEGER NOT NULL DEFAULT 0,
  at           INTEGER NOT NULL,       -- when it was ordered
  again_at     INTEGER NOT NULL,       -- when it is tried next
  ended_at     INTEGER,                -- when it was sent or given up
  last_error   TEXT,
  CHECK ((state = 'waiting') = (address IS NOT NULL))
) STRICT;

CREATE INDEX delivery_waiting ON delivery (recipient, again_at) WHERE state = 'waiting';
CREATE INDEX delivery_document ON delivery (reserved_seq);
