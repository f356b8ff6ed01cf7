"""Chance that can be had again."""

from __future__ import annotations

import os
import random


def luck(default: int = 1) -> random.Random:
    """Print the seed; ``PEERLINE_CHATRIG_SEED`` chooses another one."""
    seed = int(os.environ.get("PEERLINE_CHATRIG_SEED", default))
    print(f"PEERLINE_CHATRIG_SEED={seed}")
    return random.Random(seed)  # noqa: S311
