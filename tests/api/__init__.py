"""The door, from outside."""
