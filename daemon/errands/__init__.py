"""Effects that deliver nothing: an outbox row asks for them, and what they bring returns as a command."""
