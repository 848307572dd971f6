-- Step 5: what bank terminals were asked for, and what they have answered.

-- The operations of bank terminals. Nothing of the card stands here.
CREATE TABLE card_operation (
  reference        BLOB    PRIMARY KEY NOT NULL,  -- the name of the operation at the terminal
  asked_seq        INTEGER NOT NULL,   -- the TerminalAsked row
  answered_seq     INTEGER,            -- the TerminalAnswered row; NULL while it is not known what became of the operation
  device           BLOB    NOT NULL,
  id               BLOB    NOT NULL,   -- the request id of the document that the money belongs to
  fingerprint      BLOB    NOT NULL,
  fingerprint_form INTEGER NOT NULL,
  terminal         BLOB    NOT NULL,
  position         INTEGER NOT NULL,   -- the place of the payment in the document, counted from 0
  amount           INTEGER NOT NULL,   -- above zero
  kind             TEXT    NOT NULL CHECK (kind IN ('charge', 'refund', 'void')),
  voids            BLOB,               -- for a void, the reference of the operation that it undoes
  state            TEXT    NOT NULL CHECK (state IN ('asked', 'approved', 'declined', 'not_begun', 'voided')),
  number           TEXT,               -- the number of the transaction at the bank
  operation_number TEXT,               -- the number of the operation at the terminal
  reason           TEXT,               -- why it was declined or not begun
  asked_at         INTEGER NOT NULL,
  answered_at      INTEGER,
  is_open          INTEGER NOT NULL CHECK (is_open IN (0, 1)),  -- 0 once the document is sealed, the money is back, or none has moved
  CHECK ((kind = 'void') = (voids IS NOT NULL)),
  CHECK ((state = 'asked') = (answered_seq IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX card_operation_of ON card_operation (id, asked_seq);
-- Money that moves, or that has moved and has no document yet: there is little.
CREATE INDEX card_operation_open ON card_operation (id) WHERE is_open = 1;
