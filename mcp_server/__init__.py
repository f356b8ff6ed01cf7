"""The tools an agent sees. A table of client calls: nothing is decided here."""
