"""The command line and the composition root: it may import everything and nothing imports it."""
