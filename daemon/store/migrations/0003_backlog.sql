-- How much waits for each peer: asked with every message that is sent, and a count over ten thousand rows costs more
-- than all the rest of sending. Kept by triggers, so that no statement can forget it.

CREATE TABLE backlog (peer_id TEXT PRIMARY KEY, waiting INTEGER NOT NULL) STRICT, WITHOUT ROWID;

INSERT INTO backlog
    SELECT peer_id, count(*) FROM delivery WHERE state IN ('queued', 'leased', 'held') GROUP BY peer_id;

CREATE TRIGGER delivery_comes AFTER INSERT ON delivery WHEN NEW.state IN ('queued', 'leased', 'held')
BEGIN
    INSERT INTO backlog VALUES (NEW.peer_id, 1) ON CONFLICT (peer_id) DO UPDATE SET waiting = waiting + 1;
END;

CREATE TRIGGER delivery_leaves AFTER UPDATE OF state ON delivery
    WHEN OLD.state IN ('queued', 'leased', 'held') AND NEW.state NOT IN ('queued', 'leased', 'held')
BEGIN
    UPDATE backlog SET waiting = waiting - 1 WHERE peer_id = OLD.peer_id;
END;

CREATE TRIGGER delivery_returns AFTER UPDATE OF state ON delivery
    WHEN OLD.state NOT IN ('queued', 'leased', 'held') AND NEW.state IN ('queued', 'leased', 'held')
BEGIN
    INSERT INTO backlog VALUES (NEW.peer_id, 1) ON CONFLICT (peer_id) DO UPDATE SET waiting = waiting + 1;
END;

CREATE TRIGGER delivery_goes AFTER DELETE ON delivery WHEN OLD.state IN ('queued', 'leased', 'held')
BEGIN
    UPDATE backlog SET waiting = waiting - 1 WHERE peer_id = OLD.peer_id;
END;
