"""The life of an ask: from the question to the one way it ends.

    OPEN     Notice   SEEN
    OPEN     Begin    WORKING
    SEEN     Begin    WORKING
    WORKING  Pause    SEEN
    OPEN     Reply    ANSWERED, ACKNOWLEDGED, DECLINED or, while more are needed, OPEN
    SEEN     Reply    ANSWERED, ACKNOWLEDGED, DECLINED or, while more are needed, SEEN
    WORKING  Reply    ANSWERED, ACKNOWLEDGED, DECLINED or, while more are needed, WORKING
    OPEN     Lose     ORPHANED or, while others may answer, OPEN
    SEEN     Lose     ORPHANED or, while others may answer, SEEN
    WORKING  Lose     ORPHANED or, while others may answer, WORKING
    OPEN     Remind   OPEN
    SEEN     Remind   SEEN
    WORKING  Remind   WORKING
    OPEN     Expire   EXPIRED
    SEEN     Expire   EXPIRED
    WORKING  Expire   EXPIRED
    OPEN     Cancel   CANCELLED
    SEEN     Cancel   CANCELLED
    WORKING  Cancel   CANCELLED
    ANSWERED      Reply  ANSWERED
    ACKNOWLEDGED  Reply  ACKNOWLEDGED
    DECLINED      Reply  DECLINED
    EXPIRED       Reply  EXPIRED
    CANCELLED     Reply  CANCELLED
    ORPHANED      Reply  ORPHANED

It ends exactly once. What comes later is attached and marked late. ``need`` says how many of those asked must
answer: a recipient that declines or is gone counts as heard, so that nobody waits for the impossible. Where not all
are needed, it ends at once when those who are left are too few.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import Malformed, invalid_transition
from daemon.core.model import Answer, Ask


class State(StrEnum):
    OPEN = "open"  #: nobody has seen it yet
    SEEN = "seen"
    WORKING = "working"  #: a turn was started by it
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"  #: closed without words
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ORPHANED = "orphaned"  #: nobody is left who could answer


ACTIVE: Final = frozenset({State.OPEN, State.SEEN, State.WORKING})


@dataclass(frozen=True, slots=True)
class Notice:
    """There is evidence that a recipient saw it."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A recipient's turn is on it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The turn ended without an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    answer: Answer


@dataclass(frozen=True, slots=True)
class Lose:
    """One of the recipients will never answer."""

    peer_id: str


@dataclass(frozen=True, slots=True)
class Remind:
    peer_id: str


@dataclass(frozen=True, slots=True)
class Expire:
    pass


@dataclass(frozen=True, slots=True)
class Cancel:
    pass


Happening = Notice | Begin | Pause | Reply | Lose | Remind | Expire | Cancel


def advance(ask: Ask, event: Happening, *, now: datetime) -> Ask:
    """Return the ask as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.

    """
    step = TRANSITIONS.get((State(ask.state), type(event)))
    if step is None:
        raise invalid_transition("ask", ask.state, type(event).__name__)
    return step(ask, event, now)


def is_over(ask: Ask) -> bool:
    return ask.state not in ACTIVE


def can(ask: Ask, event: type[Happening]) -> bool:
    return (State(ask.state), event) in TRANSITIONS


def option_meant(ask: Ask, text: str) -> str | None:
    """The option with that label, else the one with that number: a label may be a number, too."""
    word = text.strip().casefold()
    labels = {label.casefold(): label for label in reversed(ask.options)}
    return labels.get(word) or next((x for n, x in enumerate(ask.options, 1) if word == str(n)), None)


def needed(need: str, asked: int) -> int:
    """How many of ``asked`` must answer for ``all``, ``first``, ``majority`` or a number.

    Raises:
        Malformed: it is none of these, or more than were asked.

    """
    named = {"all": asked, "first": 1, "majority": asked // 2 + 1}
    count = named.get(need) or (int(need) if need.isascii() and need.isdecimal() else 0)
    if not 1 <= count <= asked:
        raise Malformed(f'need "{need}" of {asked} asked', "say all, first, majority or a number up to that")
    return count


def awaited(ask: Ask) -> tuple[str, ...]:
    """Who of those asked may still answer."""
    heard = {each.sender.peer_id for each in ask.answers}
    return tuple(x for x in ask.to if x not in heard and x not in ask.lost)


def lacking(ask: Ask) -> int:
    """How many more must be heard for it to end: no more than can be."""
    return min(ask.need - len(_positive(ask)), len(awaited(ask)))


def _positive(ask: Ask) -> list[Answer]:
    return [a for a in ask.answers if a.how != State.DECLINED]


def _to(state: State) -> Callable[[Ask, Any, datetime], Ask]:
    def step(ask: Ask, event: Happening, now: datetime) -> Ask:
        return replace(ask, state=state, ended_at=None if state in ACTIVE else now)

    return step


def _reply(ask: Ask, event: Reply, now: datetime) -> Ask:
    told = (*(a for a in ask.answers if a.sender.peer_id != event.answer.sender.peer_id), event.answer)
    return _weighed(replace(ask, answers=told), now)


def _late(ask: Ask, event: Reply, now: datetime) -> Ask:
    return replace(ask, answers=(*ask.answers, replace(event.answer, late=True)))


def _lose(ask: Ask, event: Lose, now: datetime) -> Ask:
    if event.peer_id in ask.lost or event.peer_id not in ask.to:
        return ask
    return _weighed(replace(ask, lost=(*ask.lost, event.peer_id)), now)


def _remind(ask: Ask, event: Remind, now: datetime) -> Ask:
    return replace(ask, reminded=(*ask.reminded, event.peer_id))


def _weighed(ask: Ask, now: datetime) -> Ask:
    positive = _positive(ask)
    left = len(awaited(ask))
    too_few = len(positive) + left < ask.need < len(ask.to)
    if len(positive) < ask.need and left and not too_few:
        return ask
    return replace(ask, state=_ending(ask, positive), ended_at=now)


def _ending(ask: Ask, positive: list[Answer]) -> State:
    if not ask.answers:
        return State.ORPHANED
    if not positive:
        return State.DECLINED
    worded = any(a.how == State.ANSWERED for a in positive)
    return State.ANSWERED if worded else State.ACKNOWLEDGED


_ENDED: Final = tuple(state for state in State if state not in ACTIVE)

TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Ask, Any, datetime], Ask]]] = {
    (State.OPEN, Notice): _to(State.SEEN),
    (State.OPEN, Begin): _to(State.WORKING),
    (State.SEEN, Begin): _to(State.WORKING),
    (State.WORKING, Pause): _to(State.SEEN),
    **{(state, Reply): _reply for state in ACTIVE},
    **{(state, Lose): _lose for state in ACTIVE},
    **{(state, Remind): _remind for state in ACTIVE},
    **{(state, Expire): _to(State.EXPIRED) for state in ACTIVE},
    **{(state, Cancel): _to(State.CANCELLED) for state in ACTIVE},
    **{(state, Reply): _late for state in _ENDED},
}
