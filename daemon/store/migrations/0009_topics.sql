-- In which chats every agent has a topic of its own.

ALTER TABLE conversation ADD COLUMN topics INTEGER NOT NULL DEFAULT 0;
