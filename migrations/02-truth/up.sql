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
