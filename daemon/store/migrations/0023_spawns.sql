-- Agents that are started from here.

CREATE TABLE spawn (
    spawn_id TEXT PRIMARY KEY, peer_id TEXT NOT NULL, by TEXT NOT NULL, surface TEXT NOT NULL, account TEXT NOT NULL,
    person TEXT NOT NULL, backend TEXT NOT NULL, profile TEXT NOT NULL, path TEXT NOT NULL, folder TEXT NOT NULL,
    branch TEXT NOT NULL, worktree TEXT NOT NULL, resume TEXT NOT NULL, role TEXT NOT NULL, job_id TEXT NOT NULL, depth INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, pane TEXT, wanted_at TEXT NOT NULL, began_at TEXT, ended_at TEXT,
    told_at TEXT
) STRICT;
CREATE INDEX spawn_live ON spawn (ended_at) WHERE ended_at IS NULL;
CREATE INDEX spawn_wanted ON spawn (wanted_at);
CREATE INDEX spawn_peer ON spawn (peer_id);
CREATE INDEX spawn_job ON spawn (job_id) WHERE job_id != '';
