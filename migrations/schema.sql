-- The journal is the source of all facts: every other table except the last two is rebuilt from it by `ferrotill verify`.
-- Money is in whole minor units, quantities in thousandths, times in milliseconds since the epoch (UTC).
-- Comments inside a statement are part of the schema that SQLite stores and `verify` compares: they are never edited.

CREATE TABLE journal (
  seq     INTEGER PRIMARY KEY,   -- 1, 2, 3, … without a gap
  device  BLOB    NOT NULL,      -- the till's device; sixteen zero bytes for what concerns all of them
  at      INTEGER NOT NULL,
  kind    INTEGER NOT NULL,      -- ferrotill_core::event::Event::kind
  version INTEGER NOT NULL,
  payload BLOB    NOT NULL,      -- the event in postcard
  mac     BLOB    NOT NULL       -- HMAC-SHA256(previous mac, seq, device, at, kind, version, payload)
) STRICT;

CREATE TRIGGER journal_is_never_updated BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are never updated'); END;

CREATE TRIGGER journal_is_never_replaced BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'journal rows are never replaced'); END;

CREATE TRIGGER journal_is_never_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are never deleted'); END;

-- Finds the events by which a printer closed its day on its own: there are few such rows, and each start looks for them.
CREATE INDEX journal_closed_by_printer ON journal (device) WHERE kind = 8;
-- Finds the identity that a device had at a seal: there are few such rows.
CREATE INDEX journal_identified ON journal (device, seq) WHERE kind = 11;
-- Finds the resources that an API has created, and what callers keep with receipts: there are few such rows, and each start looks for them.
CREATE INDEX journal_resource ON journal (kind, device, seq) WHERE kind IN (25, 26);
-- Finds a signed receipt by its number, which counts the rows of its register.
CREATE INDEX journal_prepared ON journal (device, seq) WHERE kind = 16;

-- One row for each document, from its reservation to its seal or void.
CREATE TABLE document (
  reserved_seq   INTEGER PRIMARY KEY,  -- its Reserved row
  settled_seq    INTEGER,              -- its Sealed or Voided row
  device         BLOB    NOT NULL,
  id             BLOB    NOT NULL,
  unique_id      BLOB    NOT NULL,
  fingerprint    BLOB    NOT NULL,
  kind           TEXT    NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('reserved', 'sealed', 'voided')),
  point_of_sale  BLOB    NOT NULL,
  at             INTEGER NOT NULL,
  z_number       INTEGER NOT NULL,
  number         INTEGER,
  current_number INTEGER,
  amount         INTEGER NOT NULL,
  tax            INTEGER NOT NULL,
  print_error    TEXT
, fingerprint_form INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE UNIQUE INDEX document_number ON document (device, number) WHERE number IS NOT NULL;
CREATE INDEX document_kind ON document (device, kind, number) WHERE number IS NOT NULL;
CREATE INDEX document_printed ON document (device) WHERE kind <> 'alternative_receipt';

-- The newest document of each request id. Callers choose ids at random, so this index is small and separate.
CREATE TABLE request (
  id           BLOB    PRIMARY KEY NOT NULL,  -- over all devices: nothing is fiscalised twice for one id
  reserved_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The quantities and amounts that returns have already taken back from the lines of a sale.
CREATE TABLE returned (
  original_seq INTEGER NOT NULL,       -- reserved_seq of the sale
  line         INTEGER NOT NULL,       -- counted from 0
  quantity     INTEGER NOT NULL,
  amount       INTEGER NOT NULL,
  PRIMARY KEY (original_seq, line)
) STRICT, WITHOUT ROWID;

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

-- What a recipient is told, byte for byte, until the recipient acknowledges it: then the row is deleted. The rows stand in a table of
-- their own, so that a till whose documents are acknowledged at once writes one page for them.
CREATE TABLE outbox_request (
  id           INTEGER PRIMARY KEY,
  content_type TEXT    NOT NULL,
  digest       BLOB    NOT NULL,       -- SHA-256 of the body
  body         BLOB    NOT NULL,
  mac          BLOB    NOT NULL        -- HMAC-SHA256 over the document's Sealed row and its MAC, the recipient, content type and body
) STRICT;

CREATE INDEX outbox_waiting ON outbox (recipient, sealed_seq) WHERE state = 'waiting';
-- Documents that wait without a request: those of an older program, until the first start of this one, and those that have no form.
CREATE INDEX outbox_without_request ON outbox (sealed_seq) WHERE state = 'waiting' AND request IS NULL;
-- Documents that an operator has laid aside: there are few.
CREATE INDEX outbox_laid_aside ON outbox (recipient, sealed_seq) WHERE state = 'laid_aside';

-- The result of a Z-report's reconciliation. A difference never stops the till: it is reported, and `ferrotill verify` names the
-- documents in question.
CREATE TABLE reconciliation (
  device          BLOB    NOT NULL,
  z_number        INTEGER NOT NULL,
  report_seq      INTEGER NOT NULL,    -- reserved_seq of the Z-report
  first_number    INTEGER NOT NULL,    -- the shift's documents, the report included
  last_number     INTEGER NOT NULL,
  agrees          INTEGER NOT NULL CHECK (agrees IN (0, 1)),  -- 1 while no side that is known differs
  unacknowledged  INTEGER NOT NULL,    -- documents of the shift that the tax office has not acknowledged
  acknowledged_at INTEGER,
  PRIMARY KEY (device, z_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX reconciliation_differs ON reconciliation (device) WHERE agrees = 0;
-- The Z-reports whose documents the authority has not acknowledged yet: there are few, and they are counted with each acknowledgement.
CREATE INDEX reconciliation_waits ON reconciliation (device) WHERE acknowledged_at IS NULL;

-- The figures of a reconciliation, each from every side that has it: counts, or money in minor units. NULL: the side does not have
-- the figure.
CREATE TABLE reconciliation_figure (
  device    BLOB    NOT NULL,
  z_number  INTEGER NOT NULL,
  subject   TEXT    NOT NULL,          -- such as sales.count, sales.group.A, refunds.payment.0
  documents INTEGER NOT NULL,          -- the sum of the shift's documents, one by one
  report    INTEGER,                   -- the Z-report, from the till's running counters
  printer   INTEGER,                   -- the fiscal printer's own counters, read right before its Z-report
  office    INTEGER,                   -- what the tax office has acknowledged, once that is all of it
  PRIMARY KEY (device, z_number, subject)
) STRICT, WITHOUT ROWID;

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

-- The till as it was after one journal row: a start replays only the rows after this one.
CREATE TABLE snapshot (
  device  BLOB    PRIMARY KEY,
  seq     INTEGER NOT NULL,
  version INTEGER NOT NULL,
  till    BLOB    NOT NULL,
  mac     BLOB    NOT NULL             -- HMAC-SHA256 over device, seq, the MAC of that journal row, version and till
) STRICT, WITHOUT ROWID;

-- The stored state of the guarded clock: the latest moment, and what was used of the offline limits. There is one row, written with
-- every commit. Beside it stands the count of the documents that the authority has not acknowledged, while they are many. This table does
-- not follow from the journal.
CREATE TABLE clock (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  version    INTEGER NOT NULL,
  remembered BLOB    NOT NULL          -- edge-agent's guard::Remembered in postcard
, unsent_documents INTEGER, unsent_refused INTEGER, unsent_sold INTEGER, unsent_acknowledged_at INTEGER) STRICT;

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
, names TEXT) STRICT;

CREATE INDEX contact_at ON contact (at);

-- The devices of the configuration at the last start. This table does not follow from the journal.
CREATE TABLE configured_device (
  device BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

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
  is_open          INTEGER NOT NULL CHECK (is_open IN (0, 1)), aside_seq INTEGER,  -- 0 once the document is sealed, the money is back, or none has moved
  CHECK ((kind = 'void') = (voids IS NOT NULL)),
  CHECK ((state = 'asked') = (answered_seq IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX card_operation_of ON card_operation (id, asked_seq);
-- Money that moves, or that has moved and has no document yet: there is little.
CREATE INDEX card_operation_open ON card_operation (id) WHERE is_open = 1;

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

-- The last copy of the protocol of each register of signed receipts.
CREATE TABLE protocol_backup (
  device       BLOB    PRIMARY KEY NOT NULL,
  made_seq     INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  receipts     INTEGER NOT NULL,
  sha256       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- The times in which a signature unit did not sign. An outage ends with the first receipt that the same unit signs.
CREATE TABLE unit_outage (
  serial       TEXT    NOT NULL,
  began_seq    INTEGER NOT NULL,
  began_at     INTEGER NOT NULL,
  ended_seq    INTEGER,
  ended_at     INTEGER,
  PRIMARY KEY (serial, began_seq)
) STRICT, WITHOUT ROWID;

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

-- Receipts that are published: in a bucket, and at an eReceipt service. A row is made with the seal of its document, or with the upload
-- of its receipt. This table does not follow from the journal, which does not know what is published where.
CREATE TABLE publication (
  id         INTEGER PRIMARY KEY,
  recipient  TEXT    NOT NULL CHECK (recipient IN ('bucket', 'ereceipt')),
  seq        INTEGER NOT NULL,       -- the Sealed row of the document, or the row of the upload
  receipt    BLOB    NOT NULL,       -- the id of the document or of the uploaded receipt
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  attempts   INTEGER NOT NULL DEFAULT 0,
  at         INTEGER NOT NULL,       -- when it was sealed or uploaded
  again_at   INTEGER NOT NULL,       -- when it is tried next
  ended_at   INTEGER,                -- when it was published or given up
  last_error TEXT,
  link       TEXT,                   -- where the recipient shows it, if the recipient says so
  CHECK ((state = 'waiting') = (ended_at IS NULL)),
  UNIQUE (recipient, seq)
) STRICT;

CREATE INDEX publication_waiting ON publication (recipient, again_at) WHERE state = 'waiting';
CREATE INDEX publication_receipt ON publication (receipt);

CREATE TABLE provider_payment (
  reference    BLOB    PRIMARY KEY NOT NULL,
  asked_seq    INTEGER NOT NULL,   -- the row in which the provider was asked for the money
  asked_at     INTEGER NOT NULL,
  device       BLOB    NOT NULL,
  provider     TEXT    NOT NULL,
  amount       INTEGER NOT NULL,
  fingerprint  BLOB    NOT NULL,   -- the digest of the caller's request
  state        TEXT    NOT NULL CHECK (state IN ('asked', 'paid', 'not_paid', 'given_back', 'laid_aside')),
  number       TEXT    NOT NULL,   -- the provider's number of the payment
  answer       TEXT    NOT NULL,   -- without contacts and card numbers
  reason       TEXT    NOT NULL,
  document     BLOB,               -- the request id of the document that names the payment
  is_ended     INTEGER NOT NULL CHECK (is_ended IN (0, 1)),
  step         TEXT    NOT NULL,   -- a later step that was asked for and is not answered
  step_amount  INTEGER NOT NULL,
  given_back   INTEGER NOT NULL,
  changed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Few payments are open at a time.
CREATE INDEX provider_payment_open ON provider_payment (asked_seq) WHERE state IN ('asked', 'paid') AND (is_ended = 0 OR step <> '');
CREATE INDEX provider_payment_request ON provider_payment (provider, fingerprint, asked_seq);
CREATE INDEX provider_payment_number ON provider_payment (number, asked_seq) WHERE number <> '';
CREATE INDEX provider_payment_asked ON provider_payment (asked_at);

-- Finds what people have ordered at the dashboard: there are few such rows, and the page of a document looks for those about it.
CREATE INDEX journal_person ON journal (seq) WHERE kind = 39;
