"""The rigs by which the chat surfaces are judged, from the outside: a real daemon, a strict platform, seeded luck.

Each rig is a function with a plan; its tests run it short (seconds) and at full length (``make rigs``). The seed is
printed and taken from ``PEERLINE_CHATRIG_SEED``.
"""
