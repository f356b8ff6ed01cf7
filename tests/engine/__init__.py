"""The engine with its real store; only the clock is the test's."""
