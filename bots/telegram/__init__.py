"""The Telegram surface: its markup, its translation, its connection."""
