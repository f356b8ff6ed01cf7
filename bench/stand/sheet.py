"""What a bench tells: each figure beside its limit, what the machine itself can do, and the seeds' program."""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

INTO: Final = "PEERLINE_BENCH_INTO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. ``limit`` is a sentence; ``floor`` is what the machine or the chosen library costs alone."""

    figure: str
    told: str
    limit: str
    kept: bool
    floor: str
    seed: str


class Sheet:
    def __init__(self, promise: str) -> None:
        self._promise = promise
        self._rows: list[Row] = []

    def row(self, figure: str, told: str, *, limit: str, kept: bool, floor: str = "", seed: str = "") -> None:
        made = Row(figure=figure, told=told, limit=limit, kept=kept, floor=floor, seed=seed)
        self._rows.append(made)
        beside = "".join(f"; {name}: {text}" for name, text in (("floor", floor), ("repowire", seed)) if text)
        print(f"{'kept  ' if kept else 'BROKEN'}  {figure}: {told} ({limit}{beside})", flush=True)

    def end(self) -> None:
        """Keep the rows for results.md, and end with 1 if a promise was not kept."""
        if into := os.environ.get(INTO):
            Path(into).mkdir(parents=True, exist_ok=True)
            rows = [asdict(row) for row in self._rows]
            (Path(into) / f"{self._promise}.json").write_text(json.dumps(rows), "utf-8")
        sys.exit(not all(row.kept for row in self._rows))


def middle(seconds: Sequence[float]) -> float:
    return statistics.median(seconds)


def percentile(seconds: Sequence[float], percent: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def spread(seconds: Sequence[float]) -> str:
    """The middle, and the slowest beside it."""
    return f"{ms(middle(seconds))} (slowest of {len(seconds)}: {ms(max(seconds))})"
