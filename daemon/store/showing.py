"""What is asked of the store about what people are shown. Rule: each finds its rows by an index, however many wait."""

from __future__ import annotations

from typing import Final

#: What a conversation may be shown next, and in which order (daemon.core.outbox); both as the index has them.
SHOWABLE: Final = (
    "(state IN ('queued', 'leased', 'held') OR (state = 'uncertain' AND doubts < 5)) AND kept = ''"
)
LANE: Final = (
    "CASE WHEN state = 'leased' THEN -1 WHEN urgency = 'urgent' THEN 0 WHEN kind IN ('reply', 'answer') THEN 1"
    " WHEN kind != 'change' THEN 2 WHEN urgency = 'fyi' THEN 3 ELSE 1 END"
)
NEXT: Final = f"SELECT * FROM delivery WHERE peer_id = ? AND {SHOWABLE} ORDER BY {LANE}, seq"
CHANGES: Final = (
    "SELECT * FROM delivery WHERE peer_id = ? AND kind = 'change' AND state IN ('queued', 'held', 'uncertain')"
    " AND EXISTS (SELECT 1 FROM envelope WHERE envelope.envelope_id = delivery.envelope_id"
    " AND correlation_id = ?) ORDER BY seq"
)
SHOWN: Final = (
    "SELECT * FROM delivery WHERE peer_id = ?1 AND receipt = ?2 AND receipt != ''"
    " UNION ALL SELECT * FROM delivery"
    " WHERE delivery_id IN (SELECT delivery_id FROM part WHERE peer_id = ?1 AND receipt = ?2) ORDER BY seq"
)
PART: Final = "INSERT OR IGNORE INTO part (peer_id, receipt, delivery_id) VALUES (?, ?, ?)"
