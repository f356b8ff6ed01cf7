-- Whether chats are heard; and which events the audit log takes, found without reading all the others.

CREATE TABLE lock (name TEXT PRIMARY KEY, locked_at TEXT, locked_by TEXT NOT NULL, told TEXT NOT NULL) STRICT;

ALTER TABLE event ADD COLUMN audited INTEGER NOT NULL DEFAULT 0;
CREATE INDEX event_audited ON event (seq) WHERE audited = 1;
