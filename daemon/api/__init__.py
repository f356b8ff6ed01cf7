"""The door: who calls, what they may, what they want, in the engine's words; nothing is decided here."""
