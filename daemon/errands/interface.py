"""What an errand is given, and what it brings back.

Rule: an errand only looks, or does what is remembered by its id. So one that a crash cut short is run again, and
nothing comes of it twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from daemon.core.model import Approval, Attachment, Claim, Peer, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of the peer that is to be looked at, as it stood when the errand began."""

    peer: Peer
    argument: str
    now: datetime
    errand_id: str = ""
    conversation: str = ""  #: where it was wished for
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

#: The claims as they were found to be: by whoever works in that folder.
Prove: TypeAlias = Callable[[str, Sequence[Claim]], Awaitable[tuple[Claim, ...]]]


class Spawning(Protocol):
    """Starts agents in folders. Unlike what looks, it must know by ``job_id`` what it has started already."""

    async def spawn(self, path: str, backend: str, *, circle: str, job_id: str) -> str:
        """Return the peer id of whoever was started there for that job, now or before.

        Raises:
            Refused: nobody may be started there; another try does not help.
            Unavailable: not now.

        """
        ...
