"""What an errand is given, and what it brings back.

Rule: an errand only looks. So one that a crash cut short is run again, and nothing comes of it twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from daemon.core.model import Approval, Attachment, Peer, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of the peer that is to be looked at, as it stood when the errand began."""

    peer: Peer
    argument: str
    now: datetime
    session: Session | None = None  #: the live one, or else the last
    waiting: int = 0  #: messages that wait for it
    approvals: tuple[Approval, ...] = ()  #: what it waits for people to decide


@dataclass(frozen=True, slots=True)
class Found:
    """Markdown, perhaps a file, and what can be looked at further: arguments for the same errand."""

    text: str
    attachment: Attachment | None = None
    choices: tuple[str, ...] = ()


#: Raises ``PeerlineError`` with a sentence for the person, ``TimeoutError`` or ``OSError``.
Look: TypeAlias = Callable[[Sight], Awaitable[Found]]
