-- Step 13: the last copy of the protocol of each register of signed receipts.

CREATE TABLE protocol_backup (
  device       BLOB    PRIMARY KEY NOT NULL,
  made_seq     INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  receipts     INTEGER NOT NULL,
  sha256       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
