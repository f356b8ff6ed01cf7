"""The whole line at work: real processes, real sockets, and whatever can go wrong between them."""
