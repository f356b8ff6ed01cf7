"""Times as one says them to a person. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from daemon.core.errors import Malformed
from daemon.core.rules import cron
from daemon.core.rules.timetable import Cron, Every, Once, Rule, place

SHORT: Final = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
ALWAYS: Final = cron.parsed("* * * * *")
MOST_CLOCKS: Final = 4  #: times of day in one phrase
ROW: Final = 3  #: days in a row that are told as a span


def moment(at: datetime, zone: str) -> str:
    """``Mon 23 Nov 2026 09:00 Europe/London``."""
    there, named = _known(zone)
    return f"{at.astimezone(there):%a %d %b %Y %H:%M} {named}"


def told(rule: Rule, zone: str) -> str:
    """The rule as one says it to a person."""
    match rule:
        case Once(at):
            return moment(at, zone)
        case Every(period):
            return f"every {length(period)}"
        case Cron(line, place_name):
            return f"{_in_words(line) or f'cron {line}'} {place_name}"


def length(span: timedelta) -> str:
    """``1 h 30 min``."""
    seconds = round(span.total_seconds())
    parts = []
    for size, name in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"


def _known(zone: str) -> tuple[ZoneInfo, str]:
    """What was a zone once may be none any more."""
    try:
        return place(zone), zone
    except Malformed:
        return place("UTC"), "UTC"


def _in_words(line: str) -> str:
    try:
        return _of_line(cron.parsed(line))
    except Malformed:
        return ""


def _of_line(line: cron.CronLine) -> str:
    """Days and times of day; "": it takes a line to say it."""
    if (line.months, line.days) != (ALWAYS.months, ALWAYS.days) or len(line.minutes) != 1:
        return ""
    if (line.hours, line.weekdays) == (ALWAYS.hours, ALWAYS.weekdays):
        return f"every hour at :{line.minutes[0]:02}"
    if len(line.hours) > MOST_CLOCKS:
        return ""
    clocks = ", ".join(f"{hour:02}:{line.minutes[0]:02}" for hour in line.hours)
    return f"{_of_weekdays(line.weekdays)} {clocks}"


def _of_weekdays(days: tuple[int, ...]) -> str:
    if days == ALWAYS.weekdays:
        return "every day"
    week = sorted(days, key=lambda day: day or 7)  # a person's week begins on Monday
    places = [day or 7 for day in week]
    if len(week) >= ROW and places == list(range(places[0], places[-1] + 1)):
        return f"{SHORT[week[0]]}–{SHORT[week[-1]]}"  # noqa: RUF001 -- a span of days has a dash
    return ", ".join(SHORT[day] for day in week)
