-- The form of the text that a document's fingerprint was made of. Documents of older programs have the form 0.
ALTER TABLE document ADD COLUMN fingerprint_form INTEGER NOT NULL DEFAULT 0;
