-- What the line says of a person's words while they wait (the column was never written); whom they chose lately; and
-- what the board of a conversation shows.

ALTER TABLE ask RENAME COLUMN conversation TO slip;
ALTER TABLE sticky ADD COLUMN recent TEXT NOT NULL DEFAULT '[]';
ALTER TABLE follow ADD COLUMN shown TEXT NOT NULL DEFAULT '';
