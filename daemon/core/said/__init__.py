"""What people say on any surface: what their words mean, and what they bring about."""
