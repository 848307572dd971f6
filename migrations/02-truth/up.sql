-- Step 2: what the data folder owns. The program fills the new tables from the journal in the same transaction.

DROP TABLE alternative_number;

-- The used numbers of alternative receipts. They belong to the data folder: no two devices can use one number.
CREATE TABLE alternative_number (
  printed      TEXT    PRIMARY KEY NOT NULL,  -- the series and the digits, as printed: two series can print the same text
  device       BLOB    NOT NULL,
  series       TEXT    NOT NULL,
  number       INTEGER NOT NULL,
  reserved_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Receipts of an older program with a number that an earlier receipt has too. A newer program cannot write such a row.
CREATE TABLE repeated_number (
  reserved_seq INTEGER PRIMARY KEY,
  printed      TEXT    NOT NULL
) STRICT;

-- The form of the text that a document's fingerprint was made of. Documents of older programs have the form 0.
ALTER TABLE document ADD COLUMN fingerprint_form INTEGER NOT NULL DEFAULT 0;

-- What the folder is for: one row, which follows from the only `Founded` row of the journal and from the last `Restored` row.
CREATE TABLE founded (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  founded_seq INTEGER NOT NULL,        -- the journal row that founded the books
  country     TEXT    NOT NULL,        -- ISO 3166
  currency    TEXT    NOT NULL,        -- ISO 4217
  mode        TEXT    NOT NULL CHECK (mode IN ('TEST', 'LIVE')),
  epoch       INTEGER NOT NULL         -- how often the folder was restored from a backup
) STRICT;

-- The identity of each device towards the authority, as the journal says it last.
CREATE TABLE device_identity (
  device         BLOB    PRIMARY KEY NOT NULL,
  identified_seq INTEGER NOT NULL,     -- the DeviceIdentified row
  fiscal_number  TEXT    NOT NULL,     -- the registration number, or the device's own id
  owner          TEXT    NOT NULL,
  owner_number   TEXT    NOT NULL,
  address        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- A snapshot has a MAC since this step. The snapshots without one are not believed, and are made again from the journal.
DROP TABLE snapshot;

CREATE TABLE snapshot (
  device  BLOB    PRIMARY KEY,
  seq     INTEGER NOT NULL,
  version INTEGER NOT NULL,
  till    BLOB    NOT NULL,
  mac     BLOB    NOT NULL             -- HMAC-SHA256 over device, seq, the MAC of that journal row, version and till
) STRICT, WITHOUT ROWID;

-- The program that wrote the tables, so that an older program can say which one it takes to read them.
CREATE TABLE written_by (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  program TEXT    NOT NULL
) STRICT;
-- What a recipient is told of a document is frozen in the transaction that seals the document, and there is one row in the outbox
-- for each document and recipient.

DROP INDEX outbox_waiting;
ALTER TABLE outbox RENAME TO outbox_of_01;

-- The outbox: one row for each document and each recipient that must be told of it. A row is never deleted.
CREATE TABLE outbox (
  sealed_seq      INTEGER NOT NULL,    -- the order of telling
  recipient       TEXT    NOT NULL,    -- ferrotill_core::duty::Recipient
  reserved_seq    INTEGER NOT NULL,
  duty            TEXT    NOT NULL,    -- ferrotill_core::duty::DutyKind
  message_number  INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('waiting', 'acknowledged')),
  request         INTEGER,             -- the row of outbox_request while the document waits; NULL if there is no request (refusal says why)
  digest          BLOB,                -- SHA-256 of the body that was acknowledged; while the document waits, it stands beside the body
  attempts        INTEGER NOT NULL DEFAULT 0,
  again_at        INTEGER,             -- when a refused document is sent again
  refusal         TEXT,
  acknowledged_at INTEGER,
  environment     TEXT,                -- the environment that acknowledged the document: TEST or LIVE
  PRIMARY KEY (sealed_seq, recipient)
) STRICT, WITHOUT ROWID;

-- What a recipient is told, byte for byte, until the recipient acknowledges it: then the row is deleted. The rows stand in a table of
-- their own, so that a till whose documents are acknowledged at once writes one page for them.
CREATE TABLE outbox_request (
  id           INTEGER PRIMARY KEY,
  content_type TEXT    NOT NULL,
  digest       BLOB    NOT NULL,       -- SHA-256 of the body
  body         BLOB    NOT NULL
) STRICT;

INSERT INTO outbox (sealed_seq, recipient, reserved_seq, duty, message_number, state, attempts, refusal, acknowledged_at)
  SELECT sealed_seq, 'authority', reserved_seq, duty, message_number, state, attempts, refusal, acknowledged_at FROM outbox_of_01;
DROP TABLE outbox_of_01;

CREATE INDEX outbox_waiting ON outbox (recipient, sealed_seq) WHERE state = 'waiting';
-- Documents that wait without a request: those of an older program, until the first start of this one, and those that have no form.
CREATE INDEX outbox_without_request ON outbox (sealed_seq) WHERE state = 'waiting' AND request IS NULL;

-- The contacts of buyers. Journal rows can never be deleted, so they contain only a salted digest of a contact. A row of this table is
-- deleted some days after its document, and with it the salt.
CREATE TABLE contact (
  reserved_seq INTEGER PRIMARY KEY,    -- the Reserved row of the document
  at           INTEGER NOT NULL,       -- when the document was reserved
  salt         BLOB    NOT NULL,
  email        TEXT,
  phone        TEXT
) STRICT;

CREATE INDEX contact_at ON contact (at);
