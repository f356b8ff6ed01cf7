"""The only way anybody talks to the daemon: over its socket, or inside its process. Standard library only."""
