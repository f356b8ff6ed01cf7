-- Whether a session can be told by a channel that something waits, and when it last was.

ALTER TABLE session ADD COLUMN channel INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN nudged_at TEXT;
