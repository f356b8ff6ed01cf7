"""What the command line says of each chat surface that is its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What is said of one surface. ``link`` makes a link from a bot's name and a code, or ""."""

    surface: str
    title: str
    chat: str  #: what speaking to the bot alone is called
    link: Callable[[str, str], str] = lambda *_: ""

    @property
    def command(self) -> str:
        return f"peerline {self.surface}"
