"""Who is on the other end of a socket: found from the operating system, never told."""
