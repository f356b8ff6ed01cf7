-- A sum of every row that holds somebody's words (daemon.store.rows), filled in by whoever opens an older file; and
-- what was found damaged, taken out of the way and kept as it was found, for a person to look at.

ALTER TABLE envelope ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ask ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;

CREATE TABLE damaged (kind TEXT NOT NULL, id BLOB NOT NULL, found_at TEXT NOT NULL, content BLOB NOT NULL) STRICT;
