"""What happens to a file that somebody sends: kept as our own copy, and a voice perhaps put into words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from daemon.core.model import Attachment

LARGEST: Final = 20 * 1024 * 1024  #: bytes


@dataclass(frozen=True, slots=True)
class Intake:
    """Who does it, if somebody does.

    ``keep`` makes our own copy, and may raise a ``PeerlineError`` or ``OSError``; ``transcribe`` returns "" where it
    cannot.
    """

    keep: Callable[[Iterable[bytes], str], Attachment] | None = None
    transcribe: Callable[[str], Awaitable[str]] | None = None
