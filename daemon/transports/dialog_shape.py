"""What any agent's dialog is once it was read off its screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialog:
    """``text`` stands above the options; ``options`` are (number, label).

    ``clipped``: only the beginning of what it is about is shown. ``one_by_one``: of several questions each is a
    dialog of its own, answered by one key.
    """

    text: str
    options: tuple[tuple[str, str], ...]
    clipped: bool = False
    one_by_one: bool = False
