"""The Slack surface: its markup, its translation, its connection."""
