-- Which chain of messages led to one, what a turn acts upon, and who does nothing but wait for an answer.

ALTER TABLE envelope ADD COLUMN trace TEXT NOT NULL DEFAULT '';
ALTER TABLE envelope ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE envelope ADD COLUMN talk INTEGER NOT NULL DEFAULT 0;
CREATE INDEX envelope_talk ON envelope (trace) WHERE talk = 1;
ALTER TABLE session ADD COLUMN turn_cause TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN caused_at TEXT;
ALTER TABLE session ADD COLUMN works INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ask ADD COLUMN waited_until TEXT;
CREATE INDEX ask_waited ON ask (waited_until) WHERE waited_until IS NOT NULL AND ended_at IS NULL;
