-- Durable work, and how much of it is done at once.

CREATE TABLE job (
    job_id TEXT PRIMARY KEY, title TEXT NOT NULL, prompt TEXT NOT NULL, owner TEXT NOT NULL, surface TEXT NOT NULL,
    account TEXT NOT NULL, person TEXT NOT NULL, "to" TEXT NOT NULL, path TEXT NOT NULL, backend TEXT NOT NULL,
    circle TEXT NOT NULL, after TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, ask_id TEXT NOT NULL,
    tries INTEGER NOT NULL, retries INTEGER NOT NULL, held INTEGER NOT NULL, tonight INTEGER NOT NULL, due_at TEXT,
    deadline_at TEXT, began_at TEXT, ended_at TEXT, created_at TEXT NOT NULL, result TEXT NOT NULL,
    note TEXT NOT NULL, claims TEXT NOT NULL, claimed INTEGER NOT NULL, wakes_at TEXT
) STRICT;
CREATE INDEX job_wakes ON job (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE INDEX job_running ON job (state) WHERE state = 'running';
CREATE INDEX job_queued ON job (due_at) WHERE state = 'queued';
CREATE INDEX job_after ON job (state) WHERE after != '[]' AND state IN ('queued', 'blocked');
CREATE INDEX job_claimed ON job (claimed) WHERE claimed = 1;
CREATE INDEX job_owner ON job (owner) WHERE ended_at IS NULL;

CREATE TABLE rota (
    name TEXT PRIMARY KEY, per_circle INTEGER NOT NULL, per_backend INTEGER NOT NULL, minutes INTEGER NOT NULL,
    zone TEXT NOT NULL, nights TEXT NOT NULL, unattended TEXT NOT NULL, spawns INTEGER NOT NULL
) STRICT;
