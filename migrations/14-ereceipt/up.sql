-- Step 14: receipts that callers have uploaded.

-- Receipts that callers have uploaded. They are no documents of this till. All but the texts follows from the journal.
CREATE TABLE uploaded_receipt (
  id          BLOB    PRIMARY KEY NOT NULL,
  seq         INTEGER NOT NULL UNIQUE, -- the journal row with the digest; the order of the uploads
  at          INTEGER NOT NULL,
  revision    INTEGER NOT NULL,        -- the revision of the configuration with which the receipt is shown; 0 if there was none
  digest      BLOB    NOT NULL,
  fingerprint BLOB,                    -- finds a repetition of the same receipt in another order of its members
  body        TEXT
) STRICT;

-- What uploaded receipts look like: configurations, custom sections, images. A change adds a revision.
CREATE TABLE receipt_look (
  kind     TEXT    NOT NULL CHECK (kind IN ('configuration', 'section', 'media')),
  id       BLOB    NOT NULL,
  revision INTEGER NOT NULL,
  seq      INTEGER NOT NULL UNIQUE,    -- the journal row with the digest
  at       INTEGER NOT NULL,
  digest   BLOB    NOT NULL,
  details  TEXT,
  data     BLOB,
  PRIMARY KEY (kind, id, revision)
) STRICT;

-- The particulars of a business meal beside an uploaded receipt. They name persons, and stand in the table contact.
CREATE TABLE hospitality (
  receipt     BLOB    PRIMARY KEY NOT NULL,
  seq         INTEGER NOT NULL UNIQUE, -- the journal row of the last change, and of the row in the table contact
  created_at  INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  finalized_s INTEGER,
  changes     INTEGER NOT NULL,
  digest      BLOB    NOT NULL
) STRICT;

-- The particulars of a business meal; its reserved_seq is the row of its change.
ALTER TABLE contact ADD COLUMN names TEXT;
