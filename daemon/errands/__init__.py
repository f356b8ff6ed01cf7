"""Effects that deliver nothing: looking at what an agent said and at its folder. Results come back as commands."""
