-- What the line says of a person's words while they wait; the column was never written.

ALTER TABLE ask RENAME COLUMN conversation TO slip;
