-- What a schedule says carries which one it was; and check-ins, whose rounds schedules begin.

ALTER TABLE envelope ADD COLUMN schedule TEXT NOT NULL DEFAULT '';
ALTER TABLE schedule ADD COLUMN checkin TEXT NOT NULL DEFAULT '';
CREATE INDEX schedule_asleep ON schedule (state) WHERE wakes_at IS NULL;

CREATE TABLE checkin (
    name TEXT PRIMARY KEY, schedule_id TEXT NOT NULL, report_to TEXT NOT NULL, within_s INTEGER NOT NULL,
    ask_id TEXT NOT NULL, states TEXT NOT NULL, heard INTEGER NOT NULL, looked_at TEXT, news_at TEXT,
    removed_at TEXT
) STRICT;
