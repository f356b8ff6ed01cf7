"""The story of the seeds with real agents: a phone, a coordinator, two that do the work, and a model of our own."""
