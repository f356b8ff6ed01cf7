-- Who coordinates since when, and how a peer is to work.

ALTER TABLE peer ADD COLUMN role_at TEXT;
ALTER TABLE peer ADD COLUMN persona TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN failed_at TEXT;
CREATE INDEX delivery_stuck ON delivery (peer_id, seq) WHERE state IN ('stalled', 'uncertain');
CREATE TABLE persona (
    peer_id TEXT PRIMARY KEY, name TEXT NOT NULL, text TEXT NOT NULL, chosen_at TEXT NOT NULL, chosen_by TEXT NOT NULL
) STRICT;
