-- Of which agent a session is: each has roads of its own.

ALTER TABLE session ADD COLUMN backend TEXT NOT NULL DEFAULT '';
UPDATE session SET backend = COALESCE((SELECT backend FROM peer WHERE peer.peer_id = session.peer_id), '');
ALTER TABLE session ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
