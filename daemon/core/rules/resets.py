"""Reading when a usage limit ends from what an agent says of it. Pure: data says how each agent puts it.

Agents say the hour on a wall, so the next one of that name is meant. Rule: what cannot be read is None, never a guess.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from daemon.core.errors import Malformed
from daemon.core.rules.cron import MONTHS
from daemon.core.rules.timetable import place

CLOCK: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s*([ap]m)?\b", re.IGNORECASE)
DAY: Final = re.compile(r"\b([A-Z][a-z]{2})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?\b,?(?: (\d{4}),?)?(?: at)?")
ZONE: Final = re.compile(r"\(([A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*)\)")
PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|m|s)[a-z]*")
UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
HOURS: Final = 24
MINUTES: Final = 60
NOON: Final = 12
LATEST_S: Final = 4_102_444_800  #: the year 2100


class How(StrEnum):
    """How the moment is said."""

    NONE = "none"  #: not at all
    WALL = "wall"  #: ``4am``, ``3:45 PM (Europe/London)``, ``Nov 24, 4am``
    SPAN = "span"  #: from now: ``2h15m``, ``2 hours 3 minutes``
    EPOCH = "epoch"  #: seconds since 1970


def moment(how: How, said: str, now: datetime, zone: str) -> datetime | None:
    """When it ends; None: it cannot be read. ``zone`` is meant where none is said."""
    match how:
        case How.NONE:
            return None
        case How.EPOCH:
            return _epoch(said)
        case How.SPAN:
            seconds = sum(float(number) * UNITS[unit] for number, unit in PART.findall(said))
            return now + timedelta(seconds=seconds) if 0 < seconds < LATEST_S else None
        case How.WALL:
            return _wall(said, now, zone)


def _epoch(said: str) -> datetime | None:
    digits = said.strip()
    fits = digits.isascii() and digits.isdecimal() and int(digits) < LATEST_S
    return datetime.fromtimestamp(int(digits), UTC) if fits else None


def _wall(said: str, now: datetime, zone: str) -> datetime | None:
    try:
        named = ZONE.search(said)
        here = now.astimezone(place(named[1] if named else zone))
    except Malformed:
        return None
    day = DAY.search(said)
    clock = CLOCK.search(said[day.end() :] if day else said)
    hands = _hands(clock) if clock else (0, 0) if day else None
    if hands is None:
        return None
    at = here.replace(hour=hands[0], minute=hands[1], second=0, microsecond=0)
    return _on(day, at, here) if day else _next(at, here)


def _hands(clock: re.Match[str]) -> tuple[int, int] | None:
    """Hour and minute; None: there is no such hour."""
    hour, minute = int(clock[1]), int(clock[2] or 0)
    if clock[3]:
        hour = hour % NOON + (NOON if clock[3].lower() == "pm" else 0) if 1 <= hour <= NOON else HOURS
    return (hour, minute) if hour < HOURS and minute < MINUTES else None


def _next(at: datetime, here: datetime) -> datetime:
    return (at if at > here else at + timedelta(days=1)).astimezone(UTC)


def _on(day: re.Match[str], at: datetime, here: datetime) -> datetime | None:
    name = day[1].lower()
    if name not in MONTHS:
        return None
    try:
        at = at.replace(month=MONTHS.index(name) + 1, day=int(day[2]), year=int(day[3] or at.year))
        if at <= here and not day[3]:
            at = at.replace(year=at.year + 1)
    except ValueError:
        return None
    return at.astimezone(UTC)
