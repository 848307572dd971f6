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
