"""``doctor --security``: what makes this home less safe than it should be. It looks, and sends nothing to anybody."""
