"""Personas: the files in which they are written, our own and the user's."""
