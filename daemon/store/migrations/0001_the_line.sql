-- The nouns of daemon.core.model, one table each. What is asked of a noun in a WHERE stands in a column of its own;
-- tuples and nested nouns are JSON. Times are RFC 3339 in UTC, microseconds always written, so they sort as text.

CREATE TABLE peer (
    peer_id TEXT PRIMARY KEY, name TEXT NOT NULL, wish TEXT NOT NULL, circle TEXT NOT NULL, role TEXT NOT NULL,
    backend TEXT NOT NULL, authority TEXT NOT NULL, registered_at TEXT NOT NULL, last_seen TEXT NOT NULL,
    path TEXT NOT NULL, repo TEXT NOT NULL, branch TEXT NOT NULL, machine TEXT NOT NULL, description TEXT NOT NULL,
    person TEXT NOT NULL, session_id TEXT, forgotten_at TEXT
) STRICT;
CREATE INDEX peer_by_name ON peer (name) WHERE forgotten_at IS NULL;

CREATE TABLE session (
    session_id TEXT PRIMARY KEY, peer_id TEXT NOT NULL, pid INTEGER NOT NULL, started INTEGER NOT NULL,
    began_at TEXT NOT NULL, config_dir TEXT NOT NULL, pane TEXT, inbox TEXT NOT NULL, transcript TEXT NOT NULL,
    turn TEXT NOT NULL, turn_source TEXT NOT NULL, turn_at TEXT NOT NULL, turn_ask TEXT,
    turn_prompt TEXT NOT NULL, ended_at TEXT,
    ended_why TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_process ON session (pid, started);

CREATE TABLE conversation (
    peer_id TEXT PRIMARY KEY, surface TEXT NOT NULL, address TEXT NOT NULL, host TEXT NOT NULL,
    circles TEXT NOT NULL, beat_at TEXT, trouble TEXT NOT NULL
) STRICT;
CREATE INDEX conversation_by_address ON conversation (surface, address);

CREATE TABLE person (
    surface TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, rights TEXT NOT NULL, owner INTEGER NOT NULL,
    paired_at TEXT, removed_at TEXT, PRIMARY KEY (surface, account)
) STRICT;

CREATE TABLE pairing (
    surface TEXT PRIMARY KEY, code TEXT NOT NULL, expires_at TEXT NOT NULL, tries_left INTEGER NOT NULL
) STRICT;

CREATE TABLE envelope (
    envelope_id TEXT PRIMARY KEY, kind TEXT NOT NULL, sender TEXT NOT NULL, "to" TEXT NOT NULL, body TEXT NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT NOT NULL, urgency TEXT NOT NULL, options TEXT NOT NULL,
    correlation_id TEXT, reply_to TEXT, silent INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id TEXT NOT NULL UNIQUE, envelope_id TEXT NOT NULL,
    peer_id TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, due_at TEXT NOT NULL, expires_at TEXT NOT NULL,
    attempts INTEGER NOT NULL, holder TEXT, leased_until TEXT, road TEXT NOT NULL, session_id TEXT,
    mark TEXT NOT NULL, receipt TEXT NOT NULL, reason TEXT NOT NULL, urgency TEXT NOT NULL
) STRICT;
CREATE INDEX delivery_by_envelope ON delivery (envelope_id);
CREATE INDEX delivery_waiting ON delivery (peer_id, seq) WHERE state IN ('queued', 'leased', 'held');
CREATE INDEX delivery_handed ON delivery (peer_id, seq) WHERE state = 'handed';
CREATE INDEX delivery_marked ON delivery (mark) WHERE mark != '';
CREATE INDEX delivery_shown ON delivery (peer_id, receipt) WHERE receipt != '';
CREATE INDEX delivery_due ON delivery (due_at)
    WHERE state IN ('queued', 'held', 'handed', 'stalled', 'uncertain');
CREATE INDEX delivery_expires ON delivery (expires_at)
    WHERE state IN ('queued', 'held', 'handed', 'stalled', 'uncertain');
CREATE INDEX delivery_leased ON delivery (leased_until) WHERE state = 'leased';

CREATE TABLE ask (
    ask_id TEXT PRIMARY KEY, asker TEXT NOT NULL, "to" TEXT NOT NULL, state TEXT NOT NULL, need INTEGER NOT NULL,
    created_at TEXT NOT NULL, deadline_at TEXT NOT NULL, question TEXT NOT NULL, options TEXT NOT NULL,
    "default" TEXT, subject TEXT NOT NULL, conversation TEXT, answers TEXT NOT NULL, lost TEXT NOT NULL,
    reminded TEXT NOT NULL, ended_at TEXT
) STRICT;
CREATE INDEX ask_open_by_asker ON ask (asker, created_at) WHERE ended_at IS NULL;
CREATE INDEX ask_open_by_deadline ON ask (deadline_at) WHERE ended_at IS NULL;

CREATE TABLE sticky (
    conversation TEXT NOT NULL, person TEXT NOT NULL, peer_id TEXT, PRIMARY KEY (conversation, person)
) STRICT;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, type TEXT NOT NULL, ref TEXT NOT NULL,
    peer_id TEXT NOT NULL, what TEXT NOT NULL, evidence TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_ref ON event (ref, seq);

-- The first answer to an idempotency key, in the same commit as its effect.
CREATE TABLE remembered (
    principal TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX remembered_at ON remembered (at);
