-- Step 4: an operator may lay aside a document that a recipient refuses. SQLite cannot change a constraint, so the table is copied.

ALTER TABLE outbox RENAME TO outbox_of_03;

-- The outbox: one row for each document and each recipient that must be told of it. A row is never deleted.
CREATE TABLE outbox (
  sealed_seq      INTEGER NOT NULL,    -- the order of telling
  recipient       TEXT    NOT NULL,    -- ferrotill_core::duty::Recipient
  reserved_seq    INTEGER NOT NULL,
  duty            TEXT    NOT NULL,    -- ferrotill_core::duty::DutyKind
  message_number  INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('waiting', 'acknowledged', 'laid_aside')),
  request         INTEGER,             -- the row of outbox_request while the document waits; NULL if there is no request (refusal says why)
  digest          BLOB,                -- SHA-256 of the body that was acknowledged; while the document waits, it stands beside the body
  attempts        INTEGER NOT NULL DEFAULT 0,
  again_at        INTEGER,             -- when a refused document is sent again
  refusal         TEXT,
  acknowledged_at INTEGER,
  environment     TEXT,                -- the environment that acknowledged the document: TEST or LIVE
  aside_seq       INTEGER,             -- the journal row in which an operator laid the document aside
  PRIMARY KEY (sealed_seq, recipient),
  CHECK ((state = 'laid_aside') = (aside_seq IS NOT NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO outbox (sealed_seq, recipient, reserved_seq, duty, message_number, state, request, digest, attempts, again_at, refusal, acknowledged_at, environment)
  SELECT sealed_seq, recipient, reserved_seq, duty, message_number, state, request, digest, attempts, again_at, refusal, acknowledged_at, environment FROM outbox_of_03;
DROP TABLE outbox_of_03;

CREATE INDEX outbox_waiting ON outbox (recipient, sealed_seq) WHERE state = 'waiting';
-- Documents that wait without a request: those of an older program, until the first start of this one, and those that have no form.
CREATE INDEX outbox_without_request ON outbox (sealed_seq) WHERE state = 'waiting' AND request IS NULL;
-- Documents that an operator has laid aside: there are few.
CREATE INDEX outbox_laid_aside ON outbox (recipient, sealed_seq) WHERE state = 'laid_aside';
