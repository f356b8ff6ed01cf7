"""The truth: one SQLite file, one writing thread, plain words for the engine."""
