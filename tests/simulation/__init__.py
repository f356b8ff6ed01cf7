"""The core and the engine's own loops in a world of fakes: one seed decides everything that happens."""
