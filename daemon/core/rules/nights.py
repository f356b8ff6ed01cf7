"""In which windows of the day the jobs of a circle that are for the night run. Pure.

A window is meant by the wall of the machine; in a night in which clocks are set it is as long as the wall says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from daemon.core.model import Night, Rota
from daemon.core.rules.timetable import place
from daemon.core.rules.unattended import span

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """One night: from when until when."""

    begins: datetime
    ends: datetime

    def holds(self, now: datetime) -> bool:
        return self.begins <= now < self.ends


def night_of(rota: Rota, circle: str) -> Night | None:
    """The first that fits; None: the circle has none."""
    return next((each for each in rota.nights if each.circle in {"*", circle}), None)


def window(rota: Rota, circle: str, now: datetime) -> Window | None:
    """The one that is open, else the next; None: the circle has none."""
    night = night_of(rota, circle)
    if night is None:
        return None
    today = now.astimezone(place(rota.zone)).date()
    around = (_on(night, rota.zone, today + DAY * by) for by in (-1, 0, 1, 2))
    return next(each for each in around if each.ends > now)


def begins_after(rota: Rota, circle: str, now: datetime) -> datetime | None:
    """When the next night begins; None: the circle has none."""
    found = window(rota, circle, now)
    if found and found.begins <= now:
        found = window(rota, circle, found.ends)
    return found.begins if found else None


def told(rota: Rota, circle: str) -> str:
    night = night_of(rota, circle)
    return f"{night.window} {rota.zone}" if night else "none"


def _on(night: Night, zone: str, day: date) -> Window:
    since, until = span(night.window)
    last = day if since < until else day + DAY
    begins, ends = (
        datetime.combine(on, at, place(zone)).astimezone(UTC) for on, at in ((day, since), (last, until))
    )
    return Window(begins, ends)
