-- Since when a surface has been without a round trip, and whether the owner knows.

CREATE TABLE outage (
    surface TEXT PRIMARY KEY, since_at TEXT, trouble TEXT NOT NULL, told INTEGER NOT NULL, ended_at TEXT
) STRICT;
