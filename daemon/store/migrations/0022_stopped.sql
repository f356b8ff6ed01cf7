-- Why a schedule was paused, where nobody paused it.

ALTER TABLE schedule ADD COLUMN reason TEXT NOT NULL DEFAULT '';
