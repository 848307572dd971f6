-- Step 10: the tax authority is told of outages of cash boxes, too.

DROP INDEX registration_open;
ALTER TABLE registration RENAME TO registration_of_09;

-- The newest state of each step. What was answered before stands in registration_answer.
CREATE TABLE registration (
  step         TEXT    NOT NULL CHECK (step IN ('unit', 'cash_box', 'receipt', 'unit_fails', 'unit_works', 'cash_box_ends', 'unit_ends', 'cash_box_fails', 'cash_box_works')),
  subject      TEXT    NOT NULL,   -- a serial, a cash box id, cash box id _ receipt id, or serial or cash box id _ beginning of the failure
  device       BLOB    NOT NULL,   -- the device of the row that made the step due
  due_seq      INTEGER NOT NULL,   -- the row that made the step due
  due_at       INTEGER NOT NULL,
  subject_seq  INTEGER NOT NULL,   -- the row with the unit or the receipt
  state        TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
  PRIMARY KEY (step, subject)
) STRICT, WITHOUT ROWID;

INSERT INTO registration SELECT step, subject, device, due_seq, due_at, subject_seq, state FROM registration_of_09;
DROP TABLE registration_of_09;

-- There is little to tell, and it is told soon.
CREATE INDEX registration_open ON registration (due_seq) WHERE state <> 'done';
