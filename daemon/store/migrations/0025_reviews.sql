-- Who is to look at what, and what was said of which commit.

CREATE TABLE review (
    review_id TEXT PRIMARY KEY, what TEXT NOT NULL, source TEXT NOT NULL, author TEXT NOT NULL, requester TEXT NOT NULL,
    reviewer TEXT NOT NULL, person TEXT NOT NULL, submitted_sha TEXT NOT NULL, head_sha TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, wanted INTEGER NOT NULL, verdicts TEXT NOT NULL, ask_id TEXT NOT NULL,
    asked_sha TEXT NOT NULL, requested_at TEXT NOT NULL, looked_at TEXT NOT NULL, ended_at TEXT
) STRICT;
CREATE INDEX review_open ON review (ended_at) WHERE ended_at IS NULL;
CREATE INDEX review_over ON review (ended_at) WHERE ended_at IS NOT NULL;
