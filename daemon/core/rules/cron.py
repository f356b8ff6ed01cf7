"""Cron lines: which wall times they name in a zone, and which moments those are.

Five fields with the standard meaning: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday; names
are understood). Where both kinds of day are limited, either one is enough. ``@hourly``, ``@daily`` and so on stand
for their lines.

When clocks are set forward, a wall time that is skipped happens as much later as clocks were set; when they are set
back, a fixed hour happens once, the first time, and lines that name no fixed hour go on every time, as with Vixie
cron.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.errors import Malformed

NAMED: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FURTHEST: Final = timedelta(days=9 * 366)  #: there is a 29 February in any nine years, also around 2100
HINT: Final = (
    'five fields: minute hour day month weekday, as in "30 9 * * mon-fri"; or @hourly, @daily, @weekly'
)
FARTHEST_SHIFT: Final = timedelta(
    hours=2
)  #: how far clocks are set at once; more was, only where the date itself changed
STEP: Final = re.compile(r"(?P<span>\*|[a-z0-9]+(?:-[a-z0-9]+)?)(?:/(?P<step>\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class Field:
    """What may stand in one of the five: ``first`` to ``last``, and names from ``first`` on."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


FIELDS: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 7, WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class CronLine:
    """The values that each field names, in order. Weekdays are 0 to 6 from Sunday on."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_hour: bool  #: the hour field begins with a star: it goes by the time that passes
    any_day: bool
    any_weekday: bool

    def names(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return of_month and of_week
        return of_month or of_week


def parsed(line: str) -> CronLine:
    """Understand a line.

    Raises:
        Malformed: it is none, or no day has such a date.

    """
    words = NAMED.get(line.strip().lower(), line).lower().split()
    if len(words) != len(FIELDS):
        raise Malformed(f'"{line[:80]}" is no cron line: it has {len(words)} fields', HINT)
    values = [_values(field, word) for field, word in zip(FIELDS, words, strict=True)]
    stars = [word.startswith("*") for word in words]
    weekdays = tuple(sorted({day % 7 for day in values[4]}))
    found = CronLine(values[0], values[1], values[2], values[3], weekdays, stars[1], stars[2], stars[4])
    if next(_days(found, date(2000, 1, 1)), None) is None:
        raise Malformed(f'"{line[:80]}" names a date that no year has', HINT)
    return found


def after(line: CronLine, zone: ZoneInfo, moment: datetime) -> datetime | None:
    """The first moment it names after that one, in UTC; None: there is none that can be written."""
    first: datetime | None = None
    found: datetime | None = None
    for hour in _hours(line, moment.astimezone(zone).replace(tzinfo=None) - FARTHEST_SHIFT):
        if first and hour > first + FARTHEST_SHIFT:
            break
        for each in _moments(line, zone, hour):
            if each > moment and (found is None or each < found):
                first, found = first or hour, each
    return found


def _hours(line: CronLine, since: datetime) -> Iterator[datetime]:
    """Every full hour by the wall that it names, from the hour of that wall time on."""
    begin = since.replace(minute=0, second=0, microsecond=0)
    for day in _days(line, begin.date()):
        for hour in line.hours:
            wall = datetime.combine(day, time(hour))
            if wall >= begin:
                yield wall


def _days(line: CronLine, first: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), min((first + FURTHEST).toordinal(), date.max.toordinal())):
        day = date.fromordinal(ordinal)
        if line.names(day):
            yield day


def _moments(line: CronLine, zone: ZoneInfo, hour: datetime) -> Iterator[datetime]:
    """Every moment it names in that hour by the wall, in UTC. One that is skipped comes when the clocks have jumped."""
    for minute in line.minutes:
        wall = hour.replace(minute=minute, tzinfo=zone)
        yield wall.astimezone(UTC)
        if line.any_hour:
            yield wall.replace(fold=1).astimezone(UTC)


def _values(field: Field, word: str) -> tuple[int, ...]:
    """What one field names.

    Raises:
        Malformed: it is not a list of numbers, spans and steps within its bounds.

    """
    found: set[int] = set()
    for part in word.split(","):
        found.update(_span(field, part))
    return tuple(sorted(found))


def _span(field: Field, part: str) -> range:
    match = STEP.fullmatch(part)
    if match is None:
        raise Malformed(f'"{part[:40]}" is no {field.name}', HINT)
    step = int(match["step"] or 1)
    if match["span"] == "*":
        first, last = field.first, field.last
    else:
        start, dash, end = match["span"].partition("-")
        first = _number(field, start)
        last = _number(field, end) if dash else field.last if match["step"] else first
    if not step:
        raise Malformed(f'"{part[:40]}" is no {field.name}: its step is 0', HINT)
    if first > last:
        raise Malformed(f'"{part[:40]}" is no {field.name}: it goes backwards', HINT)
    return range(first, last + 1, step)


def _number(field: Field, word: str) -> int:
    if word in field.names:
        return field.first + field.names.index(word)
    if not word.isascii() or not word.isdigit() or not field.first <= int(word[:6]) <= field.last:
        names = f", or a name such as {field.names[1]}" if field.names else ""
        raise Malformed(f'"{word[:40]}" is no {field.name}', f"it is {field.first} to {field.last}{names}")
    return int(word)
