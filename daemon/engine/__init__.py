"""One transaction around each decision, and what follows from it: carrying, ticking, telling."""
