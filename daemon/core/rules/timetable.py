"""When a schedule is due, and what becomes of the times that nobody was awake for. Pure.

A schedule has a rule, and each time the rule names is an occurrence: it is fired once, or it is written down why not.
The store keeps the next one; whatever lies between it and now is due, however that came about: the machine slept, no
daemon ran, the clock was set forward. What was due once is never due again, also when the clock is set back.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from daemon.core.errors import Malformed
from daemon.core.rules import cron

SHORTEST: Final = timedelta(seconds=60)  #: between two occurrences
LONGEST: Final = timedelta(days=366)
FARTHEST: Final = timedelta(days=3653)  #: of what comes once
ON_TIME: Final = timedelta(seconds=60)  #: what is later than this was missed
MOST_MADE_UP: Final = 100  #: occurrences that ``all`` makes up for at most
LOOKED_BACK: Final = 200  #: occurrences that are counted one by one; more are told as more


class Missed(StrEnum):
    """What happens to occurrences nobody was awake for."""

    ONCE = "once"  #: all of them together, once, as soon as possible
    SKIP = "skip"  #: nothing
    ALL = "all"  #: each of the last few, in order


class Fate(StrEnum):
    """What becomes of an occurrence."""

    FIRE = "fire"
    SKIP = "skip"  #: missed, and not made up for
    FOLD = "fold"  #: missed, and made up for by the one that is fired with it


@dataclass(frozen=True, slots=True)
class Once:
    at: datetime


@dataclass(frozen=True, slots=True)
class Every:
    """Each so often, by the time that passes, counted from the first."""

    period: timedelta
    first: datetime


@dataclass(frozen=True, slots=True)
class Cron:
    """By the wall of a place."""

    line: str
    zone: str


Rule = Once | Every | Cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a schedule goes. ``next_at`` is the first occurrence nothing was decided of yet; None: there is no more."""

    rule: Rule
    next_at: datetime | None
    missed: Missed = Missed.ONCE
    most: int = 10  #: with ``all``: how many are made up for
    until: datetime | None = None  #: nothing is due later than this
    jitter: timedelta = timedelta()  #: each is fired up to so much later
    seed: str = ""  #: by which the jitter of each is drawn, always the same


@dataclass(frozen=True, slots=True)
class Due:
    """What is decided of one occurrence, or of several in a row that share their fate.

    ``count`` of them, from ``at`` to ``last_at``; with ``more`` at least so many.
    """

    at: datetime
    fate: Fate
    last_at: datetime
    count: int = 1
    more: bool = False


def begun(plan: Plan, now: datetime) -> Plan:
    """The plan with its first occurrence, which lies ahead.

    Raises:
        Malformed: there is none, or the rule is none.

    """
    checked(plan.rule)
    if isinstance(plan.rule, Once) and plan.rule.at > now + FARTHEST:
        raise Malformed(f"{plan.rule.at:%Y-%m-%d} is too far ahead", "at most ten years ahead")
    first = following(plan, now)
    if first is None:
        raise Malformed(_never(plan, now), "give a time that lies ahead")
    return replace(plan, next_at=first)


def checked(rule: Rule) -> None:
    """Refuse what is no rule.

    Raises:
        Malformed: it is too frequent, too rare, no cron line or in no known place.

    """
    match rule:
        case Once():
            return
        case Every(period):
            if not SHORTEST <= period <= LONGEST:
                raise Malformed(
                    f"every {period.total_seconds():.0f} s is not possible",
                    f"at least every {SHORTEST.seconds} s, at most every {LONGEST.days} days",
                )
        case Cron(line, zone):
            cron.parsed(line)
            place(zone)
        case _:
            assert_never(rule)


@lru_cache(maxsize=256)
def place(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        Malformed: there is none.

    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Malformed(
            f'no time zone "{name[:60]}"', "as in Europe/London, America/New_York or UTC"
        ) from error


def following(plan: Plan, moment: datetime) -> datetime | None:
    """The first occurrence after that moment."""
    found = _after(plan.rule, moment)
    return None if found is None or (plan.until and found > plan.until) else found


def wakes_at(plan: Plan) -> datetime | None:
    """When something is to be decided next."""
    return None if plan.next_at is None else plan.next_at + _jitter(plan, plan.next_at)


def due(plan: Plan, now: datetime) -> tuple[list[Due], Plan]:
    """What is decided of each occurrence whose time has come, in order; and the plan as it goes on."""
    times, more = _come(plan, now)
    if not times:
        return [], plan
    ahead = replace(plan, next_at=following(plan, times[-1]))
    return _fates(plan, times, now, more=more), ahead


def passed_over(plan: Plan, now: datetime) -> tuple[list[Due], Plan]:
    """What was due while it rested, as one; and the plan as it goes on with what lies ahead."""
    times, more = _come(plan, now)
    if not times:
        return [], plan
    told = Due(times[0], Fate.SKIP, times[-1], len(times), more)
    return [told], replace(plan, next_at=following(plan, times[-1]))


def _fates(plan: Plan, times: list[datetime], now: datetime, *, more: bool) -> list[Due]:
    match plan.missed:
        case Missed.ONCE:
            kept, fate = times[-1:], Fate.FOLD
        case Missed.SKIP:
            kept, fate = [at for at in times if now - at - _jitter(plan, at) <= ON_TIME], Fate.SKIP
        case Missed.ALL:
            kept, fate = times[-min(plan.most, MOST_MADE_UP) :], Fate.SKIP
        case _:
            assert_never(plan.missed)
    lost = times[: len(times) - len(kept)]
    told = [Due(lost[0], fate, lost[-1], len(lost), more)] if lost else []
    return [*told, *(Due(at, Fate.FIRE, at) for at in kept)]


def _come(plan: Plan, now: datetime) -> tuple[list[datetime], bool]:
    """The occurrences whose time has come: all, or where there are too many the first and the latest of them."""
    begin = plan.next_at
    if begin is None or begin + _jitter(plan, begin) > now:
        return [], False
    times, more = _first(plan, begin, now)
    if not more:
        return times, False
    back = (times[-1] - begin) / LOOKED_BACK * MOST_MADE_UP * 2
    while True:  # a rule may be dense in one month and name nothing in the next
        last = _latest(plan, max(begin, now - back), now)
        if len(last) >= MOST_MADE_UP or now - back <= begin:
            return [begin, *(at for at in last if at != begin)], True
        back *= 4


def _latest(plan: Plan, since: datetime, now: datetime) -> list[datetime]:
    last = deque[datetime](maxlen=LOOKED_BACK)
    first = following(plan, since - timedelta(microseconds=1))
    for at in _from(plan, first):
        if at + _jitter(plan, at) > now:
            break
        last.append(at)
    return list(last)


def _first(plan: Plan, begin: datetime, now: datetime) -> tuple[list[datetime], bool]:
    times: list[datetime] = []
    for at in _from(plan, begin):
        if at + _jitter(plan, at) > now:
            return times, False
        if len(times) == LOOKED_BACK:
            return times, True
        times.append(at)
    return times, False


def _from(plan: Plan, begin: datetime | None) -> Iterator[datetime]:
    at = begin
    while at is not None:
        yield at
        at = following(plan, at)


def _after(rule: Rule, moment: datetime) -> datetime | None:
    match rule:
        case Once(at):
            return at if at > moment else None
        case Every(period, first):
            if moment < first:
                return first
            return first + ((moment - first) // period + 1) * period
        case Cron(line, zone):
            return cron.after(_line(line), place(zone), moment.astimezone(UTC))
        case _:
            assert_never(rule)


@lru_cache(maxsize=2048)
def _line(line: str) -> cron.CronLine:
    return cron.parsed(line)


def _jitter(plan: Plan, at: datetime) -> timedelta:
    if not plan.jitter:
        return plan.jitter
    drawn = hashlib.sha256(f"{plan.seed}/{at.isoformat()}".encode()).digest()
    return plan.jitter * (int.from_bytes(drawn[:4], "big") / 2**32)


def _never(plan: Plan, now: datetime) -> str:
    if isinstance(plan.rule, Once) and plan.rule.at <= now:
        return f"{plan.rule.at:%Y-%m-%d %H:%M} UTC is over"
    return "there is no such time before its end"
