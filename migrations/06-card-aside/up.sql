-- Step 6: an operator may lay aside the card payments of a request whose money no terminal gives back.

-- The CardLaidAside row; NULL for all other operations.
ALTER TABLE card_operation ADD COLUMN aside_seq INTEGER;
