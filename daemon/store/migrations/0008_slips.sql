-- What the line says of a person's words while they wait; whom they chose lately; and what the board of a conversation shows.

ALTER TABLE ask ADD COLUMN slip TEXT;
ALTER TABLE sticky ADD COLUMN recent TEXT NOT NULL DEFAULT '[]';
ALTER TABLE follow ADD COLUMN shown TEXT NOT NULL DEFAULT '';
