"""Fakes that implement our own Protocols and fail by script."""
