"""The life of a review: from being requested to the merge, or whatever else ends it.

    PENDING            See      PENDING or, at a commit that has its verdict, APPROVED, CHANGES_REQUESTED
    PENDING            Judge    APPROVED, CHANGES_REQUESTED
    PENDING            Request  PENDING
    APPROVED           See      APPROVED or, at another commit, CHANGED, CHANGES_REQUESTED, PENDING
    CHANGES_REQUESTED  See      CHANGES_REQUESTED or, at another commit, CHANGED, APPROVED, PENDING
    CHANGED            See      CHANGED or, at a commit that has its verdict, APPROVED, CHANGES_REQUESTED
    CHANGED            Judge    APPROVED, CHANGES_REQUESTED
    CHANGED            Request  PENDING
    UNKNOWN            See      PENDING, CHANGED, APPROVED, CHANGES_REQUESTED
    UNKNOWN            Request  UNKNOWN
    PENDING            Lose     UNKNOWN
    APPROVED           Lose     UNKNOWN
    CHANGES_REQUESTED  Lose     UNKNOWN
    CHANGED            Lose     UNKNOWN
    UNKNOWN            Lose     UNKNOWN
    PENDING            Merge    MERGED
    APPROVED           Merge    MERGED
    CHANGES_REQUESTED  Merge    MERGED
    CHANGED            Merge    MERGED
    UNKNOWN            Merge    MERGED
    PENDING            Close    CLOSED
    APPROVED           Close    CLOSED
    CHANGES_REQUESTED  Close    CLOSED
    CHANGED            Close    CLOSED
    UNKNOWN            Close    CLOSED

A verdict is bound to the commit that was the head, and no commit gets a second one: what state an open review is in
follows from its head, its verdicts, and whether it was requested since the last of them. It ends exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from daemon.core.errors import invalid_transition
from daemon.core.model import Review, Seen, Verdict

SHORT: Final = 12  #: characters of a commit's name where people read it
SHA: Final = re.compile(r"[0-9a-f]{7,64}")
APPROVE: Final = "Approved"  #: what stands on the keys
CHANGE: Final = "Changes requested"
_SAID: Final = re.compile(
    r"(approved?|changes[ -]requested)[.!]?(?:\s*[:,;\n-]\s*(.*))?", re.IGNORECASE | re.DOTALL
)


class State(StrEnum):
    PENDING = "pending"  #: its reviewer is to look at it
    CHANGED = "changed-since-review"  #: the head is not the commit of the verdict any more
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    MERGED = "merged"
    CLOSED = "closed"
    UNKNOWN = "unknown"  #: it cannot be looked at


ENDED: Final = frozenset({State.MERGED, State.CLOSED})
OPEN: Final = tuple(state for state in State if state not in ENDED)
VERDICTS: Final[Mapping[str, str]] = {APPROVE: State.APPROVED, CHANGE: State.CHANGES_REQUESTED}


@dataclass(frozen=True, slots=True)
class See:
    """That commit is its head now."""

    head: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Its reviewer said what they think of the head."""

    verdict: str
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class Request:
    """It is to be looked at again."""

    ask_id: str


@dataclass(frozen=True, slots=True)
class Lose:
    """It could not be looked at."""

    why: str


@dataclass(frozen=True, slots=True)
class Merge:
    pass


@dataclass(frozen=True, slots=True)
class Close:
    why: str


Happening = See | Judge | Request | Lose | Merge | Close


def advance(review: Review, event: Happening, *, now: datetime) -> Review:
    """Return the review as it is after ``event``.

    Raises:
        InvalidTransition: the event cannot happen in this state.

    """
    step = TRANSITIONS.get((State(review.state), type(event)))
    if step is None:
        raise invalid_transition("review", review.state, type(event).__name__)
    return step(review, event, now)


def can(review: Review, event: type[Happening]) -> bool:
    return (State(review.state), event) in TRANSITIONS


def is_over(review: Review) -> bool:
    return review.state in ENDED


def waits(review: Review) -> bool:
    """Whether it is its reviewer's turn."""
    asked = review.state in {State.PENDING, State.CHANGED}
    return asked or (review.state == State.UNKNOWN and (review.wanted or not review.verdicts))


def found(review: Review, seen: Seen) -> Happening:
    """What it means that it was seen so."""
    if seen.merged:
        return Merge()
    if seen.closed:
        return Close(seen.closed)
    return Lose(". ".join(filter(None, [seen.trouble, seen.help]))) if seen.trouble else See(seen.head)


def told_at(review: Review, sha: str) -> Verdict | None:
    """What was said of that commit."""
    return next((each for each in review.verdicts if sha and each.sha == sha), None)


def verdict_said(option: str | None, text: str) -> tuple[str, str]:
    """(verdict, note) of an answer; ("", the words) where no verdict is said."""
    if option is not None and option in VERDICTS:
        return VERDICTS[option], "" if text == option else text
    if said := _SAID.fullmatch(text.strip()):
        approves = said[1].casefold().startswith("approve")
        return State.APPROVED if approves else State.CHANGES_REQUESTED, (said[2] or "").strip()
    return "", text


def short(sha: str) -> str:
    return sha[:SHORT]


def _standing(review: Review) -> Review:
    """The same, in the state that follows from its head and its verdicts."""
    if verdict := told_at(review, review.head_sha):
        return replace(review, state=State(verdict.verdict), reason="")
    wanted = review.wanted or not review.verdicts
    return replace(review, state=State.PENDING if wanted else State.CHANGED, reason="")


def _see(review: Review, event: See, now: datetime) -> Review:
    pinned = review.submitted_sha or event.head  # of one that could not be looked at when it was requested
    return _standing(replace(review, head_sha=event.head, submitted_sha=pinned, looked_at=now))


def _judge(review: Review, event: Judge, now: datetime) -> Review:
    verdict = Verdict(verdict=event.verdict, sha=review.head_sha, note=event.note, by=event.by, at=now)
    return _standing(replace(review, verdicts=(*review.verdicts, verdict), wanted=False))


def _request(review: Review, event: Request, now: datetime) -> Review:
    asked = replace(review, ask_id=event.ask_id, asked_sha=review.head_sha, wanted=True, requested_at=now)
    if review.state == State.UNKNOWN:
        return asked
    return replace(asked, submitted_sha=review.head_sha, state=State.PENDING)


def _lose(review: Review, event: Lose, now: datetime) -> Review:
    return replace(review, state=State.UNKNOWN, reason=event.why, looked_at=now)


def _merge(review: Review, event: Merge, now: datetime) -> Review:
    return replace(review, state=State.MERGED, reason="", looked_at=now, ended_at=now)


def _close(review: Review, event: Close, now: datetime) -> Review:
    return replace(review, state=State.CLOSED, reason=event.why, looked_at=now, ended_at=now)


TRANSITIONS: Final[Mapping[tuple[State, type], Callable[[Review, Any, datetime], Review]]] = {
    **{(state, See): _see for state in OPEN},
    **{(state, Lose): _lose for state in OPEN},
    **{(state, Merge): _merge for state in OPEN},
    **{(state, Close): _close for state in OPEN},
    (State.PENDING, Judge): _judge,
    (State.CHANGED, Judge): _judge,
    (State.PENDING, Request): _request,
    (State.CHANGED, Request): _request,
    (State.UNKNOWN, Request): _request,
}
