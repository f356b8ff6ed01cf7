-- What an agent said last that keeps no transcript for us to read.

ALTER TABLE session ADD COLUMN said TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN said_at TEXT;
