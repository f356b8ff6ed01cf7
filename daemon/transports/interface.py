"""What a road into an agent must be able to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Protocol

from daemon.core.model import Approval, Parcel, Session, Turn


@dataclass(frozen=True, slots=True)
class Carried:
    """The road took it; evidence should come within ``proof_within``. ``receipt``: the road's own word for it."""

    proof_within: timedelta
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Not now, and it costs no attempt: look again after some time."""

    reason: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class Failed:
    """It was tried and did not work; another try may."""

    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What trying a road came to, without anything being sent by it."""

    evidence: str
    works: bool = True


@dataclass(frozen=True, slots=True)
class Gone:
    """The road is not there any more, so nothing was sent: another one may be."""

    reason: str


Outcome = Carried | Blocked | Failed | Gone


class Sighting(Enum):
    """What a look for a parcel found."""

    SEEN = "seen"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Transport(Protocol):
    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        """Put the framed parcel before the agent.

        Args:
            parcel: with its mark.
            session: where to.
            again: an earlier attempt may have left something half done.

        """
        ...

    async def prove(self, session: Session) -> Proof:
        """Try the road without sending anything by it."""
        ...


class Presser(Protocol):
    async def press(self, approval: Approval, session: Session) -> Outcome:
        """Answer the agent's own dialog with what was decided; ``Carried`` once the dialog has closed."""
        ...


class Eye(Protocol):
    """Looks at an agent from outside: no hook needed, nothing sent."""

    async def turn_of(self, session: Session) -> Turn:
        """What the agent's own registry says it is doing; unknown when it does not say."""
        ...

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        """Whether the parcel's mark reached the agent's transcript."""
        ...
