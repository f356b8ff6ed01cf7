"""What may make a person's phone ring, and what is kept for later: quiet hours, a budget, mutes. Pure.

Each thing that is to be shown is of one class. It rings, or it is shown without a sound where that is all it is for, or
it is held back and told of in the next digest; never two of these. All of it is off until a person sets it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.errors import Malformed
from daemon.core.rules.timetable import place

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MOST_PER_HOUR: Final = 1000
WINDOW: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?")  # noqa: RUF001 -- as people write it


class Matter(StrEnum):
    """What a thing is to a person."""

    APPROVAL = "approval"
    QUESTION = "question"
    FAILURE = "failure"
    DONE = "done"
    CHATTER = "chatter"


ANSWERED: Final = frozenset({Matter.APPROVAL, Matter.QUESTION})
#: In which order the budget is spent, and what a digest begins with.
RANK: Final = {each: place for place, each in enumerate(Matter)}


@dataclass(frozen=True, slots=True)
class Quiet:
    """From that time by the wall to that, over midnight if the second is the earlier."""

    begins: time
    ends: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What one person has set."""

    zone: str = "UTC"
    quiet: Quiet | None = None
    per_hour: int = 0  #: how often it may ring in an hour; 0: as often as there is reason to
    muted: tuple[str, ...] = ()  #: peer ids that never ring
    breaks: tuple[Matter, ...] = ()  #: what rings in quiet hours though it is not urgent


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What is to be shown."""

    matter: Matter
    sender: str  #: peer id
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    pass


@dataclass(frozen=True, slots=True)
class Hold:
    """Until then; ``why`` is for people."""

    until: datetime
    why: str


Verdict = Ring | Hold


def verdict(wishes: Wishes, thing: Thing, rang: Sequence[datetime], now: datetime) -> Verdict:
    """Whether it rings now. ``rang``: when it rang in the last hour, the oldest first."""
    until = quiet_until(wishes, now)
    if until and not thing.urgent and thing.matter not in wishes.breaks:
        return Hold(until, f"quiet hours until {clock(wishes, until)}")
    if thing.sender in wishes.muted and not thing.urgent:
        return Hold(next_digest(wishes, now), "muted")
    if over := _spent(wishes, thing, rang, now):
        return Hold(over, f"it rang {wishes.per_hour} times within an hour")
    return Ring()


def quiet_until(wishes: Wishes, now: datetime) -> datetime | None:
    """When the quiet hours end that are now; None: it is not quiet."""
    if wishes.quiet is None:
        return None
    return next((ends for begins, ends in _spans(wishes, wishes.quiet, now) if begins <= now < ends), None)


def quiet_since(wishes: Wishes, now: datetime) -> datetime | None:
    """When the quiet hours began that are now."""
    if wishes.quiet is None:
        return None
    return next((begins for begins, ends in _spans(wishes, wishes.quiet, now) if begins <= now < ends), None)


def availability(wishes: Wishes, now: datetime) -> str:
    """What others may know of it: ``available from 07:00, answers approvals``; "": nothing stands against asking."""
    until = quiet_until(wishes, now)
    if until is None:
        return ""
    told = [f"answers {each}s" for each in wishes.breaks if each in ANSWERED]
    return ", ".join([f"available from {clock(wishes, until)}", *told])


def matters(text: str) -> tuple[Matter, ...]:
    """``approvals, failures``; ``nothing``.

    Raises:
        Malformed: a word is no matter.

    """
    words = text.replace(",", " ").lower().split()
    known = {name: each for each in Matter for name in (each.value, f"{each.value}s")}
    unknown = [word for word in words if word not in {*known, "nothing", "and"}]
    if unknown or not words:
        raise Malformed(
            f'"{" ".join(unknown)[:40]}" is no matter', f"say nothing, or some of {', '.join(Matter)}"
        )
    return tuple(dict.fromkeys(known[word] for word in words if word in known))


def span_told(quiet: Quiet) -> str:
    """As ``window`` takes it."""
    return f"{quiet.begins:%H:%M}-{quiet.ends:%H:%M}"


def next_digest(wishes: Wishes, now: datetime) -> datetime:
    """When what is held back is told: when the quiet ends, else within the hour."""
    return quiet_until(wishes, now) or now + HOUR


def clock(wishes: Wishes, at: datetime) -> str:
    return f"{at.astimezone(place(wishes.zone)):%H:%M}"


def window(text: str) -> Quiet | None:
    """``23:00-07:00``; None for ``off``.

    Raises:
        Malformed: it is neither.

    """
    if text.strip().lower() in {"off", "none", "never"}:
        return None
    match = WINDOW.fullmatch(text.strip())
    try:
        begins, ends = (
            (time(int(match[1]), int(match[2] or 0)), time(int(match[3]), int(match[4] or 0)))
            if match
            else (time(), time())
        )
    except ValueError:
        begins = ends = time()
    if begins == ends:
        raise Malformed(f'"{text[:40]}" are no hours', "as in 23:00-07:00, or off")
    return Quiet(begins, ends)


def budget(count: int) -> int:
    """Checked: how often it may ring in an hour.

    Raises:
        Malformed: fewer than none, or too many to count.

    """
    if not 0 <= count <= MOST_PER_HOUR:
        raise Malformed(f"{count} times an hour", f"say 0 (no limit) to {MOST_PER_HOUR}")
    return count


def toggled(wishes: Wishes, peer_id: str) -> Wishes:
    """Muted, or heard again."""
    if peer_id in wishes.muted:
        return replace(wishes, muted=tuple(each for each in wishes.muted if each != peer_id))
    return replace(wishes, muted=(*wishes.muted, peer_id))


def _spent(wishes: Wishes, thing: Thing, rang: Sequence[datetime], now: datetime) -> datetime | None:
    """When the budget lets it ring again; the last share of it is for approvals and what is urgent."""
    lately = [at for at in rang if at > now - HOUR]
    if not wishes.per_hour or thing.urgent or len(lately) < wishes.per_hour:
        return None
    return lately[len(lately) - wishes.per_hour] + HOUR


def _spans(wishes: Wishes, quiet: Quiet, now: datetime) -> list[tuple[datetime, datetime]]:
    """Those that may be now; those of yesterday may reach over midnight."""
    today = now.astimezone(place(wishes.zone)).date()
    return [_on(wishes, quiet, day) for day in (today - DAY, today)]


def _on(wishes: Wishes, quiet: Quiet, day: date) -> tuple[datetime, datetime]:
    """The quiet hours that begin on that day. In a night in which clocks are set they are as long as the wall says."""
    zone = place(wishes.zone)
    last = day if quiet.begins < quiet.ends else day + DAY
    begins, ends = (
        datetime.combine(on, at, zone).astimezone(UTC) for on, at in ((day, quiet.begins), (last, quiet.ends))
    )
    return begins, ends
