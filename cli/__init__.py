"""The composition root: puts everything together, imports whatever it needs, and is imported by nobody."""
