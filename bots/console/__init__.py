"""The terminal as a chat surface: no account, no network."""
