"""Real servers that behave like the platforms: faults are data, and what the person saw is kept."""
