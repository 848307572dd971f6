-- Step 11: payments of payment providers that a device with a fiscal module reaches.

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
