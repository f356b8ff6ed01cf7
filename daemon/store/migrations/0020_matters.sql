-- What a notice is to a person, where its kind does not tell.

ALTER TABLE envelope ADD COLUMN matter TEXT NOT NULL DEFAULT '';
