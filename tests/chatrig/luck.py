"""Chance that can be had again, and what came of it in a few lines."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterable


def luck(default: int = 1) -> random.Random:
    """Print the seed; ``PEERLINE_CHATRIG_SEED`` chooses another one."""
    seed = int(os.environ.get("PEERLINE_CHATRIG_SEED", default))
    print(f"PEERLINE_CHATRIG_SEED={seed}")
    return random.Random(seed)  # noqa: S311


def told(summary: str, wrong: Iterable[str]) -> None:
    """Print what happened, and how often each kind of thing went wrong."""
    kinds = Counter(re.sub(r"\d[\d.]*", "N", sentence)[:120] for sentence in wrong)
    print(summary, *(f"{times:5} x {kind}" for kind, times in kinds.most_common()), sep="\n")
