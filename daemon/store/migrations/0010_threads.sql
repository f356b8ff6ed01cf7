-- Conversations that are one thread of a chat; and what was kept last of each lane, for hearing to go on there.

ALTER TABLE conversation ADD COLUMN thread INTEGER NOT NULL DEFAULT 0;
CREATE INDEX incoming_lane ON incoming (surface, lane, seq);
