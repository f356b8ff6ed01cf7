"""The chat platforms that this daemon can host: one small description each."""
