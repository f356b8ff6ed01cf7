-- What agents wait for people to decide, circles that are frozen, errands, and who follows whom.

ALTER TABLE session ADD COLUMN doing TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN turn_began_at TEXT;
ALTER TABLE session ADD COLUMN stopped TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN halted_at TEXT;
ALTER TABLE session ADD COLUMN arrivals TEXT NOT NULL DEFAULT '[]';
ALTER TABLE session ADD COLUMN wakes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN lasting INTEGER NOT NULL DEFAULT 1;
ALTER TABLE conversation ADD COLUMN trusted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE envelope ADD COLUMN attachment TEXT;

CREATE TABLE approval (
    approval_id TEXT PRIMARY KEY, ask_id TEXT NOT NULL, peer_id TEXT NOT NULL, session_id TEXT NOT NULL,
    what TEXT NOT NULL, tool TEXT NOT NULL, digest TEXT NOT NULL, request TEXT NOT NULL, grants TEXT NOT NULL,
    questions TEXT NOT NULL, state TEXT NOT NULL, asked_at TEXT NOT NULL, shown_at TEXT NOT NULL,
    again TEXT NOT NULL, choice TEXT NOT NULL, words TEXT NOT NULL, answers TEXT NOT NULL, "by" TEXT NOT NULL, reason TEXT NOT NULL,
    subagent TEXT NOT NULL
) STRICT;
CREATE INDEX approval_open ON approval (session_id) WHERE state IN ('asked', 'decided');
CREATE UNIQUE INDEX approval_by_ask ON approval (ask_id);

CREATE TABLE circle (name TEXT PRIMARY KEY, frozen_at TEXT, frozen_by TEXT NOT NULL) STRICT;

CREATE TABLE errand (
    errand_id TEXT PRIMARY KEY, what TEXT NOT NULL, peer_id TEXT NOT NULL, argument TEXT NOT NULL,
    conversation TEXT NOT NULL, reply_to TEXT NOT NULL, asked_at TEXT NOT NULL, done_at TEXT
) STRICT;
CREATE INDEX errand_open ON errand (asked_at) WHERE done_at IS NULL;

CREATE TABLE follow (
    conversation TEXT NOT NULL, peer_id TEXT NOT NULL, what TEXT NOT NULL, since TEXT NOT NULL,
    envelope_id TEXT NOT NULL, shown_at TEXT, due_at TEXT, ended_at TEXT, PRIMARY KEY (conversation, peer_id, what)
) STRICT;
CREATE INDEX follow_live ON follow (peer_id) WHERE ended_at IS NULL;
CREATE INDEX follow_due ON follow (due_at) WHERE ended_at IS NULL;
