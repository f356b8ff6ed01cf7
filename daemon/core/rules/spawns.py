"""The life of a start: from being wanted until whoever was started is gone.

    WANTED    Begin   STARTING
    WANTED    Fail    FAILED
    STARTING  Arrive  RUNNING
    STARTING  Fail    FAILED
    STARTING  Linger  STARTING
    RUNNING   End     OVER

A row that is ``wanted`` takes its place among all limits from then on; its pane is made once, and bears the row's id,
so that whoever looks after a crash finds it again. It has arrived when the hooks of that very pane say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import invalid_transition
from daemon.core.model import Pane, Spawn


class State(StrEnum):
    WANTED = "wanted"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"
    OVER = "over"


LIVE: Final = frozenset({State.WANTED, State.STARTING, State.RUNNING})


@dataclass(frozen=True, slots=True)
class Begin:
    """Its pane is there, and its program begins in it."""

    pane: Pane
    worktree: str = ""


@dataclass(frozen=True, slots=True)
class Arrive:
    """Its own hooks came from that pane."""


@dataclass(frozen=True, slots=True)
class Linger:
    """It has not arrived for long: something at its terminal waits for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Fail:
    why: str


@dataclass(frozen=True, slots=True)
class End:
    why: str


Happening = Begin | Arrive | Linger | Fail | End


def advance(spawn: Spawn, event: Happening, *, now: datetime) -> Spawn:
    """The start after the event.

    Raises:
        InvalidTransition: nothing is said of this event in this state.

    """
    step = TRANSITIONS.get((State(spawn.state), type(event)))
    if step is None:
        raise invalid_transition("spawn", spawn.state, type(event).__name__)
    return step(spawn, event, now)


def can(spawn: Spawn, event: type[Happening]) -> bool:
    return (State(spawn.state), event) in TRANSITIONS


def _begin(spawn: Spawn, event: Begin, now: datetime) -> Spawn:
    return replace(spawn, state=State.STARTING, pane=event.pane, worktree=event.worktree, began_at=now)


def _arrive(spawn: Spawn, event: Arrive, now: datetime) -> Spawn:
    return replace(spawn, state=State.RUNNING, reason="")


def _linger(spawn: Spawn, event: Linger, now: datetime) -> Spawn:
    return replace(spawn, reason=event.why, told_at=now)


def _fail(spawn: Spawn, event: Fail, now: datetime) -> Spawn:
    return replace(spawn, state=State.FAILED, reason=event.why, ended_at=now)


def _end(spawn: Spawn, event: End, now: datetime) -> Spawn:
    return replace(spawn, state=State.OVER, reason=event.why, ended_at=now)


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Spawn, Any, datetime], Spawn]]] = {
    (State.WANTED, Begin): _begin,
    (State.WANTED, Fail): _fail,
    (State.STARTING, Arrive): _arrive,
    (State.STARTING, Fail): _fail,
    (State.STARTING, Linger): _linger,
    (State.RUNNING, End): _end,
}
