"""What is true of the SQLite store alone."""
