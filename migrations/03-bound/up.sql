-- Step 3: each request is bound to its document, and the folder knows the devices of the last configuration. The program fills the
-- new column in the same transaction.

-- What a recipient is told, byte for byte, until the recipient acknowledges it: then the row is deleted. The rows stand in a table of
-- their own, so that a till whose documents are acknowledged at once writes one page for them.
ALTER TABLE outbox_request RENAME TO outbox_request_of_02;

CREATE TABLE outbox_request (
  id           INTEGER PRIMARY KEY,
  content_type TEXT    NOT NULL,
  digest       BLOB    NOT NULL,       -- SHA-256 of the body
  body         BLOB    NOT NULL,
  mac          BLOB    NOT NULL        -- HMAC-SHA256 over the document's Sealed row and its MAC, the recipient, content type and body
) STRICT;

INSERT INTO outbox_request SELECT id, content_type, digest, body, x'' FROM outbox_request_of_02;
DROP TABLE outbox_request_of_02;

-- Finds the identity that a device had at a seal: there are few such rows.
CREATE INDEX journal_identified ON journal (device, seq) WHERE kind = 11;

-- The devices of the configuration at the last start. This table does not follow from the journal.
CREATE TABLE configured_device (
  device BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
