-- What lies ahead: schedules, and what became of each of their times.

CREATE TABLE schedule (
    schedule_id TEXT PRIMARY KEY, owner TEXT NOT NULL, surface TEXT NOT NULL, account TEXT NOT NULL,
    person TEXT NOT NULL, "to" TEXT NOT NULL, circle TEXT NOT NULL, text TEXT NOT NULL, kind TEXT NOT NULL,
    at TEXT, every_s INTEGER NOT NULL, first_at TEXT, cron TEXT NOT NULL, zone TEXT NOT NULL, missed TEXT NOT NULL,
    most INTEGER NOT NULL, overlap TEXT NOT NULL, until TEXT, jitter_s INTEGER NOT NULL, state TEXT NOT NULL,
    next_at TEXT, wakes_at TEXT, last_at TEXT, last_ask TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE INDEX schedule_wakes ON schedule (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE INDEX schedule_owner ON schedule (owner);

CREATE TABLE occurrence (
    schedule_id TEXT NOT NULL, due_at TEXT NOT NULL, last_at TEXT NOT NULL, count INTEGER NOT NULL,
    more INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, envelope_id TEXT NOT NULL,
    decided_at TEXT NOT NULL, PRIMARY KEY (schedule_id, due_at)
) STRICT;
CREATE INDEX occurrence_decided ON occurrence (decided_at);
