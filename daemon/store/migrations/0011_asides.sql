-- What is for the eyes of one person alone, in a chat of several.

ALTER TABLE envelope ADD COLUMN alone TEXT NOT NULL DEFAULT '';
ALTER TABLE errand ADD COLUMN alone TEXT NOT NULL DEFAULT '';
