-- What was said while chats were locked, and comes to be done after it, is known by when it was said.

ALTER TABLE incoming ADD COLUMN said_at TEXT;
ALTER TABLE lock ADD COLUMN unlocked_at TEXT;
