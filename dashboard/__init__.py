"""The browser's surface: static files without a build step, speaking /v1 like any other peer."""
