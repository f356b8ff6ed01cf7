-- What people wish to be rung for, what is held back for them, and what is done about asks that they do not answer.

ALTER TABLE delivery ADD COLUMN kept TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN told_in TEXT NOT NULL DEFAULT '';
ALTER TABLE delivery ADD COLUMN hushed INTEGER NOT NULL DEFAULT 0;

-- What is held back for a digest stands in no lane.
DROP INDEX delivery_lanes;
CREATE INDEX delivery_lanes ON delivery (
    peer_id,
    CASE WHEN state = 'leased' THEN -1 WHEN urgency = 'urgent' THEN 0 WHEN kind IN ('reply', 'answer') THEN 1
    WHEN kind != 'change' THEN 2 WHEN urgency = 'fyi' THEN 3 ELSE 1 END,
    seq
) WHERE (state IN ('queued', 'leased', 'held') OR (state = 'uncertain' AND doubts < 5)) AND kept = '';
CREATE INDEX delivery_kept ON delivery (kept, seq) WHERE kept != '' AND told_in = '' AND state = 'held';
CREATE INDEX delivery_told_in ON delivery (told_in, seq) WHERE told_in != '' AND state = 'held';

CREATE TABLE attention (
    person TEXT PRIMARY KEY, zone TEXT NOT NULL, quiet TEXT NOT NULL, per_hour INTEGER NOT NULL,
    muted TEXT NOT NULL, breaks TEXT NOT NULL, here TEXT NOT NULL, rang TEXT NOT NULL, digest_at TEXT,
    report_at TEXT, reported_at TEXT, wakes_at TEXT
) STRICT;
CREATE INDEX attention_wakes ON attention (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE TABLE custom (name TEXT PRIMARY KEY, escalate_after_s INTEGER NOT NULL) STRICT;
CREATE TABLE escalation (ask_id TEXT PRIMARY KEY, step INTEGER NOT NULL, at TEXT) STRICT;
CREATE INDEX escalation_at ON escalation (at) WHERE at IS NOT NULL;
