"""What is known of a hook before its payload is read, and what a coding agent's file must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from daemon.core.commands import Command
from daemon.core.model import Approval, Briefing, Denial, Pane, Parcel, Turn

Json = Mapping[str, Any]
Outcome = Sequence[Parcel] | Denial | Briefing


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a hook ran, as found by the daemon: never taken from the payload."""

    pid: int
    started: int
    machine: str
    circle: str
    wish: str = ""  #: ``PEERLINE_NAME``, if it was set
    repo: str = ""
    branch: str = ""
    config_dir: str = ""
    pane: Pane | None = None
    inbox: str | None = None  #: "": it has none that listens; None: nobody said
    turn: Turn = Turn.UNKNOWN  #: what the agent's own registry says
    environment: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = True  #: False: a run without a person, for one prompt
    shared: bool = False  #: its process serves several terminals, and says nothing of which
    spoke: bool = True  #: False: what a Stop hook calls its last words was said in an earlier turn
    said: str = ""  #: the last words of the turn that ends, where the payload has more than those
    plan: str = ""  #: that the turn ended with, where the payload says nothing of it
    handed: int = 0  #: how many of its ends in a row were handed something
    real: Mapping[str, str] = field(default_factory=dict)  #: a folder named by way of links -> where it is
    live: bool = True  #: False: replayed from the spool, nobody waits for an answer


class AgentHooks(Protocol):
    """The functions of an agent's file."""

    def commands(self, event: str, payload: Json, around: Surroundings) -> Sequence[Command]:
        """What the event means, in order; the last may be a ``HandOut``. Raises Malformed."""
        ...

    def answer(self, event: str, outcome: Outcome) -> Json | None:
        """What the hook prints, or None for nothing."""
        ...

    def decision(self, approval: Approval) -> Json:
        """What the hook prints that relays a request for approval."""
        ...
