"""People's chats as peers. A bot knows `daemon.client` and `daemon.core`, nothing else of the daemon."""
