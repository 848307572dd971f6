-- Step 12: finds what people have ordered at the dashboard.

-- There are few such rows, and the page of a document looks for those about it.
CREATE INDEX journal_person ON journal (seq) WHERE kind = 39;
