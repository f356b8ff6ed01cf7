"""Files in which personas are written."""
