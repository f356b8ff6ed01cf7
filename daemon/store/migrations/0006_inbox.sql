-- What platforms told, kept before it is confirmed; groups; and by which message of a person an ask was said.

CREATE TABLE incoming (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, surface TEXT NOT NULL, update_id TEXT NOT NULL, lane TEXT NOT NULL,
    body TEXT NOT NULL, came_at TEXT NOT NULL, hurried INTEGER NOT NULL, album TEXT NOT NULL, done_at TEXT,
    UNIQUE (surface, update_id)
) STRICT;
CREATE INDEX incoming_open ON incoming (surface, seq) WHERE done_at IS NULL;
CREATE INDEX incoming_done ON incoming (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE place (
    surface TEXT NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL, circles TEXT NOT NULL, listed INTEGER NOT NULL,
    moved_to TEXT NOT NULL, PRIMARY KEY (surface, address)
) STRICT;

ALTER TABLE conversation ADD COLUMN closed TEXT NOT NULL DEFAULT '';
ALTER TABLE conversation ADD COLUMN topic_of TEXT NOT NULL DEFAULT '';
ALTER TABLE ask ADD COLUMN said_as TEXT NOT NULL DEFAULT '';
CREATE INDEX ask_said ON ask (said_as) WHERE said_as != '';
