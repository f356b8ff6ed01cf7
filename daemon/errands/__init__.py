"""Effects that deliver nothing: they are asked for by an outbox row, and what they bring returns as a command."""
