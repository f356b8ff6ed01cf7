"""What a person's words for a time mean, such as ``weekdays 9:00``. Pure.

Times without a zone are by the wall of the one who says them. What says no time of day is refused rather than guessed.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from daemon.core.errors import Malformed
from daemon.core.rules import cron
from daemon.core.rules.timetable import Cron, Every, Once, Rule, place

HINT: Final = (
    'as in "in 10m", "tomorrow 9:00", "monday 18:30", "2026-11-23 09:00", "every 2h", "daily 7:30", '
    '"weekdays 9:00", "mon,thu 14:00" or a cron line'
)
FAR_HINT: Final = "at most ten years ahead"
MOST_WORDS: Final = 8
SHORTEST_NAME: Final = 3  #: ``mon``
ENDS: Final = 2  #: of ``mon-fri``
SPANS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
PART: Final = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)[a-z]*\s*")
SPAN: Final = re.compile(
    r"(?:\d{1,6}\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*)+"
)
CLOCK: Final = re.compile(r"(?:at\s+)?(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?\s*(?P<half>am|pm)?")
CALENDAR: Final = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?P<month>[a-z]{3})[a-z]*|(?P<month2>[a-z]{3})[a-z]*\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?)"
    r"(?:\s+(?P<year>\d{4}))?"
)
HALF_A_DAY: Final = range(1, 13)  #: the hours that a clock with hands shows
NOON: Final = {"noon": time(12), "midday": time(12), "midnight": time(0)}
ALIKE: Final = {
    "day": "*",
    "daily": "*",
    "weekday": "1-5",
    "weekdays": "1-5",
    "weekend": "0,6",
    "weekends": "0,6",
}


@dataclass(frozen=True, slots=True)
class Speaker:
    """When somebody speaks, and by which wall."""

    now: datetime
    zone: str

    @property
    def wall(self) -> datetime:
        return self.now.astimezone(place(self.zone))


def understood(text: str, who: Speaker) -> Rule:
    """The rule that the words mean.

    Raises:
        Malformed: they mean none, or one that is over.

    """
    words = " ".join(text.lower().replace(",  ", ",").replace(", ", ",").split())
    try:
        for meaning in (_in, _every, _cron, _days, _date, _clock_alone):
            if rule := meaning(words, who):
                return rule
    except OverflowError as error:
        raise Malformed(f'"{text[:60]}" is farther than any calendar goes', FAR_HINT) from error
    raise Malformed(f'"{text[:60]}" is no time that is understood', HINT)


def split(words: Sequence[str], who: Speaker) -> tuple[Rule, list[str]]:
    """The time that the first words mean, as many of them as mean one, and the rest.

    Raises:
        Malformed: they begin with no time.

    """
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        try:
            return understood(" ".join(words[:count]), who), list(words[count:])
        except Malformed as error:
            if error.hint == FAR_HINT:
                raise
    if _looks_like_cron(words[: len(cron.FIELDS)]):
        cron.parsed(
            " ".join(words[: len(cron.FIELDS)])
        )  # what is wrong with it, rather than that there is none
    raise Malformed(f'"{" ".join(words)[:60]}" begins with no time that is understood', HINT)


def span(text: str) -> timedelta | None:
    """``1h30m``, ``2 hours``, ``90 s``; None: it is none."""
    words = text.strip().lower()
    if not words or not SPAN.fullmatch(words):
        return None
    return timedelta(seconds=sum(int(count) * SPANS[unit] for count, unit in PART.findall(words)))


def _in(words: str, who: Speaker) -> Rule | None:
    length = span(words.removeprefix("in ")) if words.startswith("in ") else None
    return None if length is None else Once(who.now + length)


def _every(words: str, who: Speaker) -> Rule | None:
    if words == "hourly":
        return Cron("0 * * * *", who.zone)
    rest = words.removeprefix("every ")
    if rest == words:
        return None
    length = span(rest if rest[:1].isdigit() else f"1 {rest}")
    if length is not None:
        return Every(length, who.now + length)
    return _days(f"each {rest}", who)


def _cron(words: str, who: Speaker) -> Rule | None:
    if words in cron.NAMED or _looks_like_cron(words.split()):
        cron.parsed(words)
        return Cron(words, who.zone)
    return None


def _looks_like_cron(words: Sequence[str]) -> bool:
    """Also with a field too few or too many: no other time has a star."""
    begins = bool(words) and words[0][:1] in {"*", *string.digits}
    return begins and (len(words) == len(cron.FIELDS) or "*" in words)


def _days(words: str, who: Speaker) -> Rule | None:
    """``weekdays 9:00``, ``mondays 9:00``, ``mon-fri 9:00``, ``mon,wed 9:00`` and, after *every*, ``mon 9:00``."""
    each = words.startswith("each ")
    named, _, rest = words.removeprefix("each ").partition(" ")
    at = _clock(rest)
    if at is None:
        return None
    line = ALIKE.get(named) if each or named not in {"day", "weekday", "weekend"} else None
    if line is None and (each or "," in named or "-" in named or named.endswith("s")):
        line = _weekdays(named)
    return Cron(f"{at.minute} {at.hour} * * {line}", who.zone) if line else None


def _weekdays(named: str) -> str | None:
    found = []
    for part in named.split(","):
        ends = [_weekday(each) for each in part.split("-")]
        if None in ends or len(ends) > ENDS:
            return None
        found.append("-".join(str(each) for each in ends))
    try:
        cron.parsed(f"0 0 * * {','.join(found)}")
    except Malformed:  # sat-mon goes backwards in a week that begins on Sunday
        return None
    return ",".join(found)


def _weekday(word: str) -> int | None:
    full = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    found = [
        place for place, name in enumerate(full) if len(word) >= SHORTEST_NAME and f"{name}s".startswith(word)
    ]
    return found[0] if found else None


def _date(words: str, who: Speaker) -> Rule | None:
    """``today 9:00``, ``monday 9:00``, ``23 nov 9:00``, ``2026-11-23 09:00`` with an offset or without."""
    if words[:4].isdigit() and "-" in words:
        return _iso(words, who)
    named, at = _ending_in_a_clock(words)
    day = _day(named.removeprefix("next ").removeprefix("on "), who, at) if at else None
    return _once(day, at, who) if day and at else None


def _iso(words: str, who: Speaker) -> Rule | None:
    try:
        found = datetime.fromisoformat(words.upper())
    except ValueError:
        return None
    if len(words) <= len("2026-11-23"):
        raise Malformed(f'"{words}" says no time of day', HINT)
    return Once((found if found.tzinfo else found.replace(tzinfo=place(who.zone))).astimezone(UTC))


def _ending_in_a_clock(words: str) -> tuple[str, time | None]:
    parts = words.split()
    for count in (1, 2, 3):
        if len(parts) > count and (at := _clock(" ".join(parts[-count:]))):
            rest = parts[:-count]
            return " ".join(rest[:-1] if rest[-1] == "at" else rest), at
    return words, None


def _day(named: str, who: Speaker, at: time) -> date | None:
    today = who.wall.date()
    if named in {"today", "tomorrow"}:
        return today + timedelta(days=named == "tomorrow")
    weekday = _weekday(named)
    if weekday is not None:
        ahead = (weekday - today.isoweekday()) % 7
        return today + timedelta(days=ahead or (0 if at > who.wall.time() else 7))
    return _calendar_day(named, today)


def _calendar_day(named: str, today: date) -> date | None:
    match = CALENDAR.fullmatch(named)
    month = (match["month"] or match["month2"]) if match else ""
    if match is None or month not in cron.MONTHS:
        return None
    year, number = match["year"], int(match["day"] or match["day2"])
    for guess in (int(year),) if year else (today.year, today.year + 1):
        try:
            day = date(guess, cron.MONTHS.index(month) + 1, number)
        except ValueError:
            continue
        if year or day >= today:
            return day
    return None


def _clock_alone(words: str, who: Speaker) -> Rule | None:
    """Today, or tomorrow if it is over today."""
    at = (
        _clock(words)
        if ":" in words or words.startswith("at ") or words.endswith(("am", "pm")) or words in NOON
        else None
    )
    if at is None:
        return None
    today = who.wall.date()
    return _once(today + timedelta(days=at <= who.wall.time()), at, who)


def _clock(words: str) -> time | None:
    if (alone := words.removeprefix("at ")) in NOON:
        return NOON[alone]
    match = CLOCK.fullmatch(words)
    if match is None:
        return None
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
    if half and hour not in HALF_A_DAY:
        return None
    if half:
        hour = hour % len(HALF_A_DAY) + (len(HALF_A_DAY) if half == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _once(day: date, at: time, who: Speaker) -> Once:
    return Once(datetime.combine(day, at, place(who.zone)).astimezone(UTC))
