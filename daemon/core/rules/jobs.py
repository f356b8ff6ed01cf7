"""The life of a job: durable work, from being queued to the one way it ends.

    QUEUED   Start    RUNNING
    QUEUED   Block    BLOCKED
    QUEUED   Fail     FAILED
    RUNNING  Block    BLOCKED
    RUNNING  Hold     RUNNING
    RUNNING  Give     RUNNING
    RUNNING  Finish   DONE
    RUNNING  Fail     FAILED or, while tries are left, QUEUED
    RUNNING  Return   QUEUED
    BLOCKED  Start    RUNNING
    BLOCKED  Return   QUEUED
    BLOCKED  Finish   DONE
    BLOCKED  Fail     FAILED
    QUEUED   Expire   EXPIRED
    RUNNING  Expire   EXPIRED
    BLOCKED  Expire   EXPIRED
    QUEUED   Cancel   CANCELLED
    RUNNING  Cancel   CANCELLED
    BLOCKED  Cancel   CANCELLED
    FAILED     Retry   QUEUED
    EXPIRED    Retry   QUEUED
    CANCELLED  Retry   QUEUED

What holds it up is said in ``reason``. ``Return`` is no failure and costs no try: its account ran out of use, or what
it waited for is there now. Each try is begun once, as an ask; what an earlier try's worker still says changes nothing.
It can only come after jobs that are there already, so no ring of them can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import invalid_transition
from daemon.core.model import Job

LARGEST_BUDGET: Final = 10_000  #: of messages, or of turns
LONGEST_BUDGET: Final = 7 * 24 * 60  #: minutes

FIRST_PAUSE: Final = timedelta(minutes=1)  #: before the second try; doubled before each later one
LONGEST_PAUSE: Final = timedelta(hours=1)


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    BLOCKED = "blocked"  #: something must happen first: what it comes after failed, or its worker says so
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  #: its deadline passed


ACTIVE: Final = frozenset({State.QUEUED, State.RUNNING, State.BLOCKED})


@dataclass(frozen=True, slots=True)
class Start:
    """Its worker was asked, or says that it goes on."""

    ask_id: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Its worker will say itself when it is done: the end of the ask is not."""


@dataclass(frozen=True, slots=True)
class Give:
    """Whoever is to do it was started, and asked."""

    to: str
    ask_id: str


@dataclass(frozen=True, slots=True)
class Block:
    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    result: str


@dataclass(frozen=True, slots=True)
class Fail:
    why: str
    again: bool = True  #: another try may help


@dataclass(frozen=True, slots=True)
class Return:
    why: str
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    pass


@dataclass(frozen=True, slots=True)
class Cancel:
    by: str


@dataclass(frozen=True, slots=True)
class Retry:
    """A person or the owner of the job wants it tried anew, as if it had never been."""


Happening = Start | Hold | Give | Block | Finish | Fail | Return | Expire | Cancel | Retry


def advance(job: Job, event: Happening, *, now: datetime) -> Job:
    """Return the job as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.

    """
    step = TRANSITIONS.get((State(job.state), type(event)))
    if step is None:
        raise invalid_transition("job", job.state, type(event).__name__)
    return step(job, event, now)


def is_over(job: Job) -> bool:
    return job.state not in ACTIVE


def can(job: Job, event: type[Happening]) -> bool:
    return (State(job.state), event) in TRANSITIONS


def held_up(job: Job, before: Iterable[Job], now: datetime) -> str:
    """Why a queued job is not begun now; "": nothing holds it up."""
    if job.due_at and job.due_at > now:
        return "it is not time yet"
    waits = [each.job_id for each in before if not is_over(each)]
    return f"it comes after {', '.join(waits)}" if waits else ""


def broken(before: Iterable[Job]) -> str:
    """Why a job cannot be begun unless somebody does something; "": it can."""
    lost = [f"{each.job_id} {each.state}" for each in before if is_over(each) and each.state != State.DONE]
    return f"it comes after {', '.join(lost)}" if lost else ""


def _start(job: Job, event: Start, now: datetime) -> Job:
    begun = replace(job, state=State.RUNNING, reason="", held=job.held and not event.ask_id)
    if not event.ask_id:  # its worker goes on with the same try
        return begun
    return replace(begun, ask_id=event.ask_id, tries=job.tries + 1, began_at=now, due_at=None)


def _hold(job: Job, event: Hold, now: datetime) -> Job:
    return replace(job, held=True)


def _give(job: Job, event: Give, now: datetime) -> Job:
    return replace(job, to=event.to, ask_id=event.ask_id)


def _block(job: Job, event: Block, now: datetime) -> Job:
    return replace(job, state=State.BLOCKED, reason=event.why)


def _finish(job: Job, event: Finish, now: datetime) -> Job:
    return replace(job, state=State.DONE, result=event.result, reason="", ended_at=now)


def _fail(job: Job, event: Fail, now: datetime) -> Job:
    if event.again and job.state == State.RUNNING and job.tries <= job.retries:
        pause = min(FIRST_PAUSE * 2 ** (job.tries - 1), LONGEST_PAUSE)
        return replace(job, state=State.QUEUED, reason=event.why, due_at=now + pause, held=False)
    return replace(job, state=State.FAILED, reason=event.why, ended_at=now)


def _return(job: Job, event: Return, now: datetime) -> Job:
    tries = job.tries - (job.state == State.RUNNING)
    return replace(job, state=State.QUEUED, reason=event.why, due_at=event.due_at, tries=tries, held=False)


def _expire(job: Job, event: Expire, now: datetime) -> Job:
    return replace(job, state=State.EXPIRED, reason="its deadline passed", ended_at=now)


def _cancel(job: Job, event: Cancel, now: datetime) -> Job:
    return replace(job, state=State.CANCELLED, reason=f"cancelled by {event.by}", ended_at=now)


def _retry(job: Job, event: Retry, now: datetime) -> Job:
    return replace(
        job,
        state=State.QUEUED,
        reason="",
        tries=0,
        due_at=None,
        ended_at=None,
        held=False,
        result="",
        sent=0,
        woken=0,
    )


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Job, Any, datetime], Job]]] = {
    (State.QUEUED, Start): _start,
    (State.QUEUED, Block): _block,
    (State.QUEUED, Fail): _fail,
    (State.RUNNING, Block): _block,
    (State.RUNNING, Hold): _hold,
    (State.RUNNING, Give): _give,
    (State.RUNNING, Finish): _finish,
    (State.RUNNING, Fail): _fail,
    (State.RUNNING, Return): _return,
    (State.BLOCKED, Start): _start,
    (State.BLOCKED, Return): _return,
    (State.BLOCKED, Finish): _finish,
    (State.BLOCKED, Fail): _fail,
    **{(state, Expire): _expire for state in ACTIVE},
    **{(state, Cancel): _cancel for state in ACTIVE},
    **{(state, Retry): _retry for state in (State.FAILED, State.EXPIRED, State.CANCELLED)},
}
