"""A ``Part`` that is a file of ours from its first character to its last, such as a plugin.

Rule: it is known by its first line. A file of that name which does not begin with it is somebody else's, and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hooks.agents import Agent
from hooks.entries import Addition, Own
from hooks.errors import NotSpliceable
from hooks.jsontext import Edit

LABEL = "plugin"


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A ``Part``."""

    agent: Agent
    path: Path
    by_hand: str

    @property
    def wanted(self) -> tuple[str, ...]:
        return (LABEL,)

    def own(self, text: str) -> Sequence[Own]:
        first = self.by_hand.partition("\n")[0]
        return [Own(LABEL, 0, text == self.by_hand)] if text.startswith(first) else []

    def addition(self, base: str) -> Addition:
        if base.strip():
            raise NotSpliceable("it is not ours", 0)
        return Addition([Edit(0, len(base), self.by_hand)])

    def removal(
        self, text: str, doomed: frozenset[int], created: tuple[tuple[str, ...], ...] | None
    ) -> Sequence[Edit]:
        del created
        return [Edit(0, len(text), "")] if doomed else []

    def is_bare(self, text: str) -> bool:
        return not text.strip()
