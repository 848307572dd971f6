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
