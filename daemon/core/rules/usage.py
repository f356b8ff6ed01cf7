"""What a vendor lets an account use, and when it is out of that: until then none of its jobs begins.

    FREE     Hit    LIMITED
    LIMITED  Hit    LIMITED
    TRYING   Hit    LIMITED
    LIMITED  Reset  TRYING
    TRYING   Try    TRYING
    LIMITED  Pass   FREE
    TRYING   Pass   FREE

An account is whatever its agents are paid by: all of one kind here, unless the config says otherwise. When it may be
free again, one job tries; once a turn has gone well, the others follow. Rule: a moment that nobody told, or that cannot
be, is replaced by a pause that doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import invalid_transition
from daemon.core.model import Account, Rota

SKEW: Final = timedelta(seconds=15)  #: after the moment told: clocks differ
FIRST_PAUSE: Final = timedelta(minutes=15)
LONGEST_PAUSE: Final = timedelta(hours=5)
FARTHEST: Final = timedelta(days=35)  #: a month's limit, and a little


class State(StrEnum):
    FREE = "free"
    LIMITED = "limited"
    TRYING = "trying"  #: it may be free again: one job finds out


@dataclass(frozen=True, slots=True)
class Hit:
    """An agent was told that nothing is left. ``until``: None where it was not told until when."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Reset:
    """The time has come."""


@dataclass(frozen=True, slots=True)
class Try:
    job_id: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A turn that began since went well."""


Happening = Hit | Reset | Try | Pass


def advance(account: Account, event: Happening, *, now: datetime) -> Account:
    """Return the account as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.

    """
    step = TRANSITIONS.get((State(account.state), type(event)))
    if step is None:
        raise invalid_transition("account", account.state, type(event).__name__)
    return step(account, event, now)


def can(account: Account, event: type[Happening]) -> bool:
    return (State(account.state), event) in TRANSITIONS


def name_of(rota: Rota, backend: str, circle: str) -> str:
    """By which account it is paid; "": by none, as people and the scheduler are."""
    rows = (x for x in rota.accounts if x.backend == backend and x.circle in {"*", circle})
    return next((x.account for x in rows), backend)


def _hit(account: Account, event: Hit, now: datetime) -> Account:
    known = event.until is not None and now < event.until <= now + FARTHEST
    until = event.until + SKEW if known and event.until else now + _pause(account.guesses)
    before = account.until_at if account.told and account.state == State.LIMITED else None
    before = before if before and before > now else None
    return replace(
        account,
        state=State.LIMITED,
        since_at=now,
        until_at=max(until, before) if before and known else before or until,
        told=known or before is not None,
        guesses=account.guesses + (not known and account.state != State.LIMITED),
        job_id="",
    )


def _pause(guesses: int) -> timedelta:
    doubled: timedelta = FIRST_PAUSE * 2 ** min(guesses, 8)
    return min(doubled, LONGEST_PAUSE)


def _reset(account: Account, event: Reset, now: datetime) -> Account:
    return replace(account, state=State.TRYING, job_id="")


def _try(account: Account, event: Try, now: datetime) -> Account:
    return replace(account, job_id=event.job_id)


def _pass(account: Account, event: Pass, now: datetime) -> Account:
    return Account(name=account.name, state=State.FREE)


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Account, Any, datetime], Account]]] = {
    (State.FREE, Hit): _hit,
    (State.LIMITED, Hit): _hit,
    (State.TRYING, Hit): _hit,
    (State.LIMITED, Reset): _reset,
    (State.TRYING, Try): _try,
    (State.LIMITED, Pass): _pass,
    (State.TRYING, Pass): _pass,
}
