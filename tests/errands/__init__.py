"""Errands over real folders, real git and real files."""
