-- Step 9: what the tax authority is told of signature units, cash boxes and their receipts.

-- The newest state of each step. What was answered before stands in registration_answer.
CREATE TABLE registration (
  step         TEXT    NOT NULL CHECK (step IN ('unit', 'cash_box', 'receipt', 'unit_fails', 'unit_works', 'cash_box_ends', 'unit_ends')),
  subject      TEXT    NOT NULL,   -- a serial, a cash box id, cash box id _ receipt id, or serial _ beginning of the failure
  device       BLOB    NOT NULL,   -- the device of the row that made the step due
  due_seq      INTEGER NOT NULL,   -- the row that made the step due
  due_at       INTEGER NOT NULL,
  subject_seq  INTEGER NOT NULL,   -- the row with the unit or the receipt
  state        TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
  PRIMARY KEY (step, subject)
) STRICT, WITHOUT ROWID;

-- There is little to tell, and it is told soon.
CREATE INDEX registration_open ON registration (due_seq) WHERE state <> 'done';

-- Every answer of the authority.
CREATE TABLE registration_answer (
  answered_seq INTEGER PRIMARY KEY NOT NULL,
  step         TEXT    NOT NULL,
  subject      TEXT    NOT NULL,
  at           INTEGER NOT NULL,
  done         INTEGER NOT NULL CHECK (done IN (0, 1)),
  code         TEXT    NOT NULL,
  message      TEXT    NOT NULL
) STRICT;

CREATE INDEX registration_answer_of ON registration_answer (step, subject, answered_seq);

-- The times in which a signature unit did not sign. An outage ends with the first receipt that the same unit signs.
CREATE TABLE unit_outage (
  serial       TEXT    NOT NULL,
  began_seq    INTEGER NOT NULL,
  began_at     INTEGER NOT NULL,
  ended_seq    INTEGER,
  ended_at     INTEGER,
  PRIMARY KEY (serial, began_seq)
) STRICT, WITHOUT ROWID;
