"""The life of a delivery: one envelope on its way to one peer.

    QUEUED     Lease    LEASED
    QUEUED     Hold     HELD
    QUEUED     Wait     QUEUED
    QUEUED     Give     HANDED
    QUEUED     See      SEEN
    LEASED     Extend   LEASED
    LEASED     Give     HANDED
    LEASED     See      SEEN
    LEASED     Part     QUEUED
    LEASED     Nak      QUEUED, or DEAD once the attempts are used up
    LEASED     Hold     HELD
    LEASED     Doubt    UNCERTAIN
    LEASED     Reject   DEAD
    LEASED     Lapse    QUEUED, or DEAD once the attempts are used up
    HELD       Release  QUEUED
    HELD       Lease    LEASED
    HELD       Wait     HELD
    HELD       Give     HANDED
    HELD       See      SEEN
    HANDED     Extend   HANDED
    HANDED     See      SEEN
    HANDED     Miss     QUEUED, or STALLED once the attempts are used up, or after Enter in a terminal
    SEEN       Settle   SETTLED
    STALLED    See      SEEN
    STALLED    Replay   QUEUED
    UNCERTAIN  Lease    LEASED
    UNCERTAIN  Wait     UNCERTAIN
    UNCERTAIN  Part     QUEUED
    UNCERTAIN  Give     HANDED
    UNCERTAIN  See      SEEN
    UNCERTAIN  Replay   QUEUED
    DEAD       Replay   QUEUED
    QUEUED     Spoil    DEAD
    LEASED     Spoil    DEAD
    HELD       Spoil    DEAD
    HANDED     Spoil    DEAD
    STALLED    Spoil    DEAD
    UNCERTAIN  Spoil    DEAD
    QUEUED     Cancel   CANCELLED
    HELD       Cancel   CANCELLED
    STALLED    Cancel   CANCELLED
    UNCERTAIN  Cancel   CANCELLED
    QUEUED     Expire   EXPIRED
    HELD       Expire   EXPIRED
    HANDED     Expire   EXPIRED
    STALLED    Expire   EXPIRED
    UNCERTAIN  Expire   EXPIRED

``Give`` says that a road took it, ``See`` that there is evidence of arrival; only evidence moves a
delivery to SEEN, even if it comes after we gave up waiting for it: what has been read is not carried again.
``Hold`` costs no attempt. ``Wait`` moves only the time. ``Part`` says that a part of it is shown, which is not shown
again; the rest waits for its turn. ``Doubt`` is for a road that may or may not have taken it and cannot be asked:
what is next of such a delivery comes again by itself, in its place and marked, until that was tried MAX_DOUBTS times;
never silently. Nor is one that was typed into a terminal and sent off with Enter: a second
paste might be a second prompt, so that no sign of it stalls it at once. ``Spoil`` says that the text itself is lost,
whoever has it in hand. A word from a holder whose lease is over
is refused, unless it ends a doubt.

This module decides. It does not wait, send, log or read a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import StaleLease, invalid_transition
from daemon.core.model import Delivery, Road

MAX_ATTEMPTS: Final = 5
FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=5)
MAX_DOUBTS: Final = 5  #: also in the indexes of the store
AFTER_DOUBT: Final = tuple(timedelta(seconds=s) for s in (1, 2, 5, 15))
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)  #: due_at of what waits for evidence without an end


class State(StrEnum):
    QUEUED = "queued"  #: waiting for its turn, or for ``due_at``
    LEASED = "leased"  #: one holder is trying, until ``leased_until``
    HELD = "held"  #: the way is blocked for now, ``reason`` says by what
    HANDED = "handed"  #: a road took it; evidence is awaited until ``due_at``
    SEEN = "seen"  #: there is evidence that it arrived
    SETTLED = "settled"  #: seen, and nothing more to come
    STALLED = "stalled"  #: handed again and again, or typed into a terminal, and never seen
    UNCERTAIN = "uncertain"  #: may have arrived; nobody can say; it waits to come again, marked
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    DEAD = "dead"  #: given up; ``reason`` says why; a person may replay it


WAITING: Final = frozenset({State.QUEUED, State.LEASED, State.HELD})
OVER: Final = frozenset({State.SETTLED, State.EXPIRED, State.CANCELLED, State.DEAD})
IN_HAND: Final = "in hand"  #: a lease that was extended: its holder is at it, so a crash leaves doubt
ENTERED: Final = "entered"  #: the terminal's receipt: pasted, and Enter was pressed
LEVELS: Final[Mapping[str, str]] = {State.QUEUED: "stored", State.LEASED: "stored"}


@dataclass(frozen=True, slots=True)
class Lease:
    holder: str
    ttl: timedelta
    road: Road
    session_id: str | None = None
    mark: str = ""  #: used unless the delivery has one: a second try carries the first one's mark


@dataclass(frozen=True, slots=True)
class Extend:
    holder: str | None
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class Give:
    """A road took it. ``proof_within`` bounds the wait for evidence; None waits for ever."""

    holder: str | None
    receipt: str = ""
    road: Road | None = None
    session_id: str | None = None
    mark: str = ""
    proof_within: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of it is shown, as ``receipt``."""

    holder: str | None
    receipt: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before ``until``, whatever it waits for beside that."""

    until: datetime


@dataclass(frozen=True, slots=True)
class See:
    evidence: str


@dataclass(frozen=True, slots=True)
class Settle:
    pass


@dataclass(frozen=True, slots=True)
class Nak:
    """Not now. ``after`` is the surface's own wish, such as a flood wait, and costs no attempt."""

    holder: str | None
    reason: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    holder: str | None
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    pass


@dataclass(frozen=True, slots=True)
class Doubt:
    holder: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Not ever: the chat is gone, the session ended, the text can never fit."""

    holder: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Lapse:
    """The holder went quiet past ``leased_until``."""


@dataclass(frozen=True, slots=True)
class Miss:
    """The road took it and no evidence came: it is not there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    reason: str


@dataclass(frozen=True, slots=True)
class Spoil:
    """There is nothing left to carry."""

    reason: str


@dataclass(frozen=True, slots=True)
class Replay:
    """A person asks for another try."""


Happening = (
    Lease
    | Extend
    | Give
    | Part
    | Wait
    | See
    | Settle
    | Nak
    | Hold
    | Release
    | Doubt
    | Reject
    | Lapse
    | Miss
    | Cancel
    | Expire
    | Spoil
    | Replay
)


def advance(delivery: Delivery, event: Happening, *, now: datetime) -> Delivery:
    """Return the delivery as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.
        StaleLease: the event comes from a holder that lost its lease.

    """
    step = TRANSITIONS.get((State(delivery.state), type(event)))
    if step is None:
        raise invalid_transition("delivery", delivery.state, type(event).__name__)
    holder = None if isinstance(event, Lease) else getattr(event, "holder", None)
    if holder not in (None, delivery.holder) and delivery.state != State.UNCERTAIN:
        raise StaleLease(f'delivery "{delivery.delivery_id}" is no longer leased by "{holder}"')
    return step(delivery, event, now)


def is_entered(delivery: Delivery) -> bool:
    """Whether it was sent off in a terminal, so that another try might be another prompt."""
    return delivery.road is Road.TERMINAL and delivery.receipt == ENTERED


def is_half_typed(delivery: Delivery) -> bool:
    """Whether an earlier try may have left it in the prompt of a terminal, unsent: only Enter is missing."""
    return delivery.road is Road.TERMINAL and delivery.attempts > 0 and delivery.receipt != ENTERED


def comes_again(delivery: Delivery) -> bool:
    """Whether it is in doubt, and is shown once more by itself."""
    return delivery.state == State.UNCERTAIN and delivery.doubts < MAX_DOUBTS


def can(delivery: Delivery, event: type[Happening]) -> bool:
    return (State(delivery.state), event) in TRANSITIONS


def level(delivery: Delivery) -> str:
    """What a person is told: a lease is an inner matter."""
    if delivery.doubts and delivery.state in WAITING:
        return State.UNCERTAIN
    return LEVELS.get(delivery.state, delivery.state)


def backoff(attempts: int) -> timedelta:
    """Double from FIRST_DELAY, never more than LONGEST_DELAY."""
    return min(FIRST_DELAY * (1 << max(0, attempts - 1)), LONGEST_DELAY)


def _lease(delivery: Delivery, event: Lease, now: datetime) -> Delivery:
    if now < delivery.due_at:
        raise invalid_transition("delivery", "not due", "Lease")
    return replace(
        delivery,
        state=State.LEASED,
        attempts=delivery.attempts + 1,
        holder=event.holder,
        leased_until=now + event.ttl,
        road=event.road,
        session_id=event.session_id,
        mark=delivery.mark or event.mark,
        reason="",
    )


def _extend(delivery: Delivery, event: Extend, now: datetime) -> Delivery:
    if delivery.state == State.HANDED:
        return replace(delivery, due_at=now + event.ttl)
    return replace(delivery, leased_until=now + event.ttl, reason=IN_HAND)


def _give(delivery: Delivery, event: Give, now: datetime) -> Delivery:
    proof_by = NEVER if event.proof_within is None else now + event.proof_within
    return replace(
        _released(delivery, State.HANDED),
        # A hand-out at a boundary was never leased, so this is its attempt.
        attempts=delivery.attempts + (delivery.state in {State.QUEUED, State.HELD}),
        receipt=event.receipt or delivery.receipt,
        road=event.road or delivery.road,
        session_id=event.session_id or delivery.session_id,
        mark=delivery.mark or event.mark,
        due_at=proof_by,
    )


def _part(delivery: Delivery, event: Part, now: datetime) -> Delivery:
    shown = replace(delivery, parts=(*delivery.parts, event.receipt), attempts=0, doubts=0)
    return replace(_released(shown, State.QUEUED), due_at=now)


def _wait(delivery: Delivery, event: Wait, now: datetime) -> Delivery:
    return replace(delivery, due_at=event.until)


def _see(delivery: Delivery, event: See, now: datetime) -> Delivery:
    return replace(_released(delivery, State.SEEN), due_at=delivery.expires_at)


def _settle(delivery: Delivery, event: Settle, now: datetime) -> Delivery:
    return replace(delivery, state=State.SETTLED)


def _nak(delivery: Delivery, event: Nak, now: datetime) -> Delivery:
    if event.after is not None:
        free = replace(delivery, attempts=delivery.attempts - 1)
        return replace(_released(free, State.QUEUED, event.reason), due_at=now + event.after)
    return _retried(delivery, event.reason, now)


def _hold(delivery: Delivery, event: Hold, now: datetime) -> Delivery:
    spared = delivery.attempts - (delivery.state == State.LEASED)
    held = _released(replace(delivery, attempts=spared), State.HELD, event.reason)
    return replace(held, due_at=event.until or now)


def _release(delivery: Delivery, event: Release, now: datetime) -> Delivery:
    return replace(delivery, state=State.QUEUED, due_at=now, reason="")


def _doubt(delivery: Delivery, event: Doubt, now: datetime) -> Delivery:
    """What may have arrived was no failed attempt; it is counted by itself."""
    doubted = replace(
        _released(delivery, State.UNCERTAIN, event.reason),
        attempts=max(0, delivery.attempts - 1),
        doubts=delivery.doubts + 1,
    )
    again = now + AFTER_DOUBT[min(delivery.doubts, len(AFTER_DOUBT) - 1)]
    return replace(doubted, due_at=again if comes_again(doubted) else delivery.expires_at)


def _reject(delivery: Delivery, event: Reject, now: datetime) -> Delivery:
    return _released(delivery, State.DEAD, event.reason)


def _lapse(delivery: Delivery, event: Lapse, now: datetime) -> Delivery:
    if delivery.leased_until is not None and now < delivery.leased_until:
        raise invalid_transition("delivery", "still leased", "Lapse")
    return _retried(delivery, "lease lapsed", now)


def _miss(delivery: Delivery, event: Miss, now: datetime) -> Delivery:
    if delivery.attempts >= MAX_ATTEMPTS or is_entered(delivery):
        return replace(delivery, state=State.STALLED, due_at=delivery.expires_at, reason=event.reason)
    return replace(delivery, state=State.QUEUED, due_at=now, reason=event.reason)


def _cancel(delivery: Delivery, event: Cancel, now: datetime) -> Delivery:
    return replace(delivery, state=State.CANCELLED, reason=event.reason)


def _expire(delivery: Delivery, event: Expire, now: datetime) -> Delivery:
    return replace(delivery, state=State.EXPIRED, reason=event.reason)


def _spoil(delivery: Delivery, event: Spoil, now: datetime) -> Delivery:
    return _released(delivery, State.DEAD, event.reason)


def _replay(delivery: Delivery, event: Replay, now: datetime) -> Delivery:
    return replace(delivery, state=State.QUEUED, attempts=0, due_at=now, reason="", mark="", receipt="")


def _retried(delivery: Delivery, reason: str, now: datetime) -> Delivery:
    if delivery.attempts >= MAX_ATTEMPTS:
        return _released(delivery, State.DEAD, reason)
    return replace(_released(delivery, State.QUEUED, reason), due_at=now + backoff(delivery.attempts))


def _released(delivery: Delivery, state: State, reason: str = "") -> Delivery:
    return replace(delivery, state=state, holder=None, leased_until=None, reason=reason)


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Delivery, Any, datetime], Delivery]]] = {
    (State.QUEUED, Lease): _lease,
    (State.QUEUED, Hold): _hold,
    (State.QUEUED, Give): _give,
    (State.QUEUED, Wait): _wait,
    (State.QUEUED, See): _see,
    (State.QUEUED, Cancel): _cancel,
    (State.QUEUED, Expire): _expire,
    (State.QUEUED, Spoil): _spoil,
    (State.LEASED, Extend): _extend,
    (State.LEASED, Give): _give,
    (State.LEASED, Part): _part,
    (State.LEASED, See): _see,
    (State.LEASED, Nak): _nak,
    (State.LEASED, Hold): _hold,
    (State.LEASED, Doubt): _doubt,
    (State.LEASED, Reject): _reject,
    (State.LEASED, Lapse): _lapse,
    (State.LEASED, Spoil): _spoil,
    (State.HELD, Release): _release,
    (State.HELD, Lease): _lease,
    (State.HELD, Wait): _wait,
    (State.HELD, Give): _give,
    (State.HELD, See): _see,
    (State.HELD, Cancel): _cancel,
    (State.HELD, Expire): _expire,
    (State.HELD, Spoil): _spoil,
    (State.HANDED, Extend): _extend,
    (State.HANDED, See): _see,
    (State.HANDED, Miss): _miss,
    (State.HANDED, Expire): _expire,
    (State.HANDED, Spoil): _spoil,
    (State.SEEN, Settle): _settle,
    (State.STALLED, See): _see,
    (State.STALLED, Replay): _replay,
    (State.STALLED, Cancel): _cancel,
    (State.STALLED, Expire): _expire,
    (State.STALLED, Spoil): _spoil,
    (State.UNCERTAIN, Lease): _lease,
    (State.UNCERTAIN, Wait): _wait,
    (State.UNCERTAIN, Part): _part,
    (State.UNCERTAIN, Give): _give,
    (State.UNCERTAIN, See): _see,
    (State.UNCERTAIN, Replay): _replay,
    (State.UNCERTAIN, Cancel): _cancel,
    (State.UNCERTAIN, Expire): _expire,
    (State.UNCERTAIN, Spoil): _spoil,
    (State.DEAD, Replay): _replay,
}
