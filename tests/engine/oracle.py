"""What must have become of each time of a schedule, told by another way than the product's.

It knows only the wish, and the story: when what was due was decided, when a schedule rested, when an ask was over.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.model import Kind, Occurrence, Outcome, Overlap
from daemon.core.rules.timetable import MOST_MADE_UP, Cron, Every, Missed, Rule

BEGIN = datetime(2026, 3, 6, 12, 0, 30, tzinfo=UTC)  #: before the clocks are set in each of the places
DAY = timedelta(days=1)
PLACES = {"Europe/London": time(1, 30), "America/New_York": time(2, 30), "Australia/Lord_Howe": time(2, 15)}
KEPT = 2  #: of missed ones, with ``all``
ON_TIME = timedelta(seconds=60)
LOOK, REST, GO_ON, ANSWER = "look", "rest", "go on", "answer"
Drawn = Callable[[datetime], timedelta]


@dataclass(frozen=True)
class Wish:
    """A schedule, and all its times."""

    rule: Rule
    missed: Missed = Missed.ONCE
    kind: Kind = Kind.NOTICE
    overlap: Overlap | None = None
    jitter: timedelta = timedelta()
    until: datetime | None = None

    def times(self, until: datetime) -> Iterator[datetime]:
        until = min(until, self.until or until)
        if isinstance(self.rule, Every):
            at = self.rule.first
            while at <= until:
                yield at
                at += self.rule.period
            return
        assert isinstance(self.rule, Cron)
        zone = ZoneInfo(self.rule.zone)
        for ahead in range((until - BEGIN).days + 3):
            at = moment(BEGIN.date() + ahead * DAY, PLACES[self.rule.zone], zone)
            if BEGIN < at <= until:
                yield at

    @property
    def waits(self) -> bool:
        """Whether it is not asked again while the last ask is open."""
        wished = self.overlap or (Overlap.ALLOW if self.missed is Missed.ALL else Overlap.SKIP)
        return self.kind is Kind.ASK and wished is Overlap.SKIP


def moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The first moment with that wall time; where it is skipped, as much later as the clocks were set."""
    naive = datetime.combine(day, wall)
    around = [datetime.combine(day + n * DAY, time(12), UTC).astimezone(zone).utcoffset() for n in (-1, 1)]
    offsets = [each for each in around if each is not None]
    found = [(naive - offset).replace(tzinfo=UTC) for offset in offsets]
    real = [at for at in found if at.astimezone(zone).replace(tzinfo=None) == naive]
    return min(real) if real else found[0]


def daily(place: str) -> Cron:
    at = PLACES[place]
    return Cron(f"{at.minute} {at.hour} * * *", place)


def every(hours: int) -> Every:
    return Every(timedelta(hours=hours), BEGIN + timedelta(hours=hours))


def wishes(days: int) -> tuple[Wish, ...]:
    """Each policy by the wall of each place and by the time that passes; and whatever else may be wished."""
    ask, half = Kind.ASK, BEGIN + days * DAY / 2
    return (
        *(Wish(daily(place), missed) for missed in Missed for place in PLACES),
        *(Wish(every(11), missed) for missed in Missed),
        *(Wish(every(13), missed, ask, overlap) for missed in Missed for overlap in Overlap),
        Wish(every(17), Missed.ALL, ask),
        *(Wish(every(19), missed, jitter=timedelta(hours=1)) for missed in Missed),
        *(Wish(every(24), missed, until=half) for missed in Missed),
        Wish(daily("Europe/London"), jitter=timedelta(minutes=30), until=half),
    )


@dataclass(frozen=True)
class Step:
    """Something of the story. ``whose``: of which wish; -1: of all."""

    what: str
    at: datetime
    whose: int = -1


@dataclass
class Oracle:
    """One wish, through the whole story. ``drawn``: how much later than its time each is said."""

    wish: Wish
    drawn: Drawn
    told: dict[datetime, Outcome] = field(default_factory=dict)
    rests: bool = False
    open: bool = False

    def hears(self, steps: Iterable[Step]) -> dict[datetime, Outcome]:
        story = list(steps)
        self._ahead = list(self.wish.times(max(step.at for step in story)))
        self._ahead.reverse()
        for step in story:
            if step.what == LOOK and not self.rests:
                self._decides(self._come(step.at), step.at)
            elif step.what == GO_ON:
                self.rests = False
                self.told |= dict.fromkeys(self._come(step.at), Outcome.SKIPPED)
            elif step.what == REST:
                self.rests = True
            elif step.what == ANSWER:
                self.open = False
        return self.told

    def _come(self, now: datetime) -> list[datetime]:
        found = []
        while self._ahead and self._ahead[-1] + self.drawn(self._ahead[-1]) <= now:
            found.append(self._ahead.pop())
        return found

    def _decides(self, come: list[datetime], now: datetime) -> None:
        match self.wish.missed:
            case Missed.ONCE:
                kept, else_ = come[-1:], Outcome.FOLDED
            case Missed.SKIP:
                kept, else_ = [at for at in come if now - at - self.drawn(at) <= ON_TIME], Outcome.SKIPPED
            case _:
                kept, else_ = come[-KEPT:], Outcome.SKIPPED
        for at in come:
            if at not in kept:
                self.told[at] = else_
            elif self.wish.waits and self.open:
                self.told[at] = Outcome.OVERLAPPED
            else:
                self.told[at] = Outcome.SENT
                self.open = True


def differences(expected: dict[datetime, Outcome], rows: list[Occurrence]) -> list[str]:
    """Every time that is in no row, in several, or in one of another outcome; and every row about no time."""
    wrong = []
    told: Counter[datetime] = Counter()
    times = sorted(expected)
    for row in rows:
        inside = times[bisect_left(times, row.due_at) : bisect_right(times, row.last_at)]
        # So many, and perhaps more: the latest are counted, but those that have a row of their own.
        least = MOST_MADE_UP - KEPT if row.more else len(inside)
        if not inside or not least <= row.count <= len(inside):
            wrong.append(f"{row} tells of {len(inside)} times")
        wrong += [
            f"{at}: {row.outcome}, not {expected[at]}" for at in inside if row.outcome is not expected[at]
        ]
        told.update(inside)
    return wrong + [f"{at}: told {told[at]} times" for at in expected if told[at] != 1]
