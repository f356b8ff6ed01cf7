"""The life of an approval: what an agent waits for a person to decide.

    ASKED    Next    ASKED
    ASKED    Show    ASKED
    ASKED    Decide  DECIDED
    ASKED    Close   CLOSED
    DECIDED  Tell    TOLD
    DECIDED  Fail    LOST
    DECIDED  Close   CLOSED

It is decided at most once. ``Next`` goes on with the next question of an agent that asked several; ``Show`` says that
people could read all of it anew. ``Close``: it was decided at the agent itself, or the agent is gone; what was decided
elsewhere is then too late. ``Tell`` says that the agent took the decision, ``Fail`` that there is no way to tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import invalid_transition
from daemon.core.model import Approval, Shown

STALE_AFTER: Final = timedelta(minutes=10)  #: then all of it is shown again before a decision is taken


class State(StrEnum):
    ASKED = "asked"
    DECIDED = "decided"  #: and the agent does not know it yet
    TOLD = "told"
    LOST = "lost"  #: decided, but the agent cannot be told
    CLOSED = "closed"  #: decided at the agent itself, or not at all


OPEN: Final = frozenset({State.ASKED, State.DECIDED})


class What(StrEnum):
    PERMISSION = "permission"
    QUESTION = "question"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Next:
    """The question was answered; ``ask_id`` carries the next one."""

    answer: str
    ask_id: str


@dataclass(frozen=True, slots=True)
class Show:
    """All of it was put before people in that conversation once more."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Decide:
    """``choice`` is one of its options, or "" when only ``words`` were said; ``refused``: it is not to be at all."""

    choice: str
    words: str
    by: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    pass


@dataclass(frozen=True, slots=True)
class Fail:
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    reason: str


Happening = Next | Show | Decide | Tell | Fail | Close


def advance(approval: Approval, event: Happening, *, now: datetime) -> Approval:
    """Return the approval as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.

    """
    step = TRANSITIONS.get((State(approval.state), type(event)))
    if step is None:
        raise invalid_transition("approval", approval.state, type(event).__name__)
    return step(approval, event, now)


def can(approval: Approval, event: type[Happening]) -> bool:
    return (State(approval.state), event) in TRANSITIONS


def is_stale(approval: Approval, conversation: str, now: datetime) -> bool:
    """It was shown there so long ago that nobody surely knows any more what it is about."""
    again = [each.at for each in approval.again if each.conversation == conversation]
    return now - max([approval.shown_at, *again]) > STALE_AFTER


def _next(approval: Approval, event: Next, now: datetime) -> Approval:
    return replace(
        approval,
        answers=(*approval.answers, event.answer),
        ask_id=event.ask_id,
        shown_at=now,
        again=(),
    )


def _show(approval: Approval, event: Show, now: datetime) -> Approval:
    return replace(approval, again=(*approval.again, Shown(conversation=event.conversation, at=now)))


def _decide(approval: Approval, event: Decide, now: datetime) -> Approval:
    answers = approval.answers
    if approval.what == What.QUESTION and not event.refused:
        answers = (*answers, event.words or event.choice)
    return replace(
        approval, state=State.DECIDED, choice=event.choice, words=event.words, by=event.by, answers=answers
    )


def _tell(approval: Approval, event: Tell, now: datetime) -> Approval:
    return replace(approval, state=State.TOLD)


def _fail(approval: Approval, event: Fail, now: datetime) -> Approval:
    return replace(approval, state=State.LOST, reason=event.reason)


def _close(approval: Approval, event: Close, now: datetime) -> Approval:
    return replace(approval, state=State.CLOSED, reason=event.reason)


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Approval, Any, datetime], Approval]]] = {
    (State.ASKED, Next): _next,
    (State.ASKED, Show): _show,
    (State.ASKED, Decide): _decide,
    (State.ASKED, Close): _close,
    (State.DECIDED, Tell): _tell,
    (State.DECIDED, Fail): _fail,
    (State.DECIDED, Close): _close,
}
