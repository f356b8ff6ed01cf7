-- What waits for a conversation, in the order in which it is shown; what was shown of what is not shown whole; and
-- which rooms are left alone for now.

ALTER TABLE delivery ADD COLUMN parts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE delivery ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;

-- What was in doubt before doubts were counted was promised not to come again.
UPDATE delivery SET doubts = 5 WHERE state = 'uncertain';

CREATE INDEX delivery_lanes ON delivery (
    peer_id,
    CASE WHEN state = 'leased' THEN -1 WHEN urgency = 'urgent' THEN 0 WHEN kind IN ('reply', 'answer') THEN 1
    WHEN kind != 'change' THEN 2 WHEN urgency = 'fyi' THEN 3 ELSE 1 END,
    seq
) WHERE (state IN ('queued', 'leased', 'held') OR (state = 'uncertain' AND doubts < 5));
CREATE INDEX delivery_changes ON delivery (peer_id, seq)
    WHERE kind = 'change' AND state IN ('queued', 'held', 'uncertain');

CREATE TABLE part (
    peer_id TEXT NOT NULL, receipt TEXT NOT NULL, delivery_id TEXT NOT NULL, PRIMARY KEY (peer_id, receipt)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_by_delivery ON part (delivery_id);

CREATE TABLE quiet (
    surface TEXT NOT NULL, room TEXT NOT NULL, until TEXT NOT NULL, PRIMARY KEY (surface, room)
) STRICT;
