"""When nobody is there to decide what an agent wants: windows of the day in which it is denied rather than waited for.

Rule: at every moment the first row decides that fits the circle and the time, whether it says to wait or to deny.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from daemon.core.errors import Malformed

DENY: Final = "deny"
REASON: Final = "nobody is there to decide; go on without it, or leave it for later and say so at the end"
_WINDOW: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    circle: str = "*"
    window: str = "00:00-00:00"  #: local time; what begins and ends at the same minute is all day
    policy: str = DENY  #: or ``wait``
    reason: str = REASON


def span(window: str) -> tuple[time, time]:
    """``22:00-07:00`` as two times of the day.

    Raises:
        Malformed: it is no window.

    """
    found = _WINDOW.fullmatch(window.strip())
    if found is None:
        raise Malformed(f'"{window}" is no window of the day', "say it like 22:00-07:00")
    hours = [int(each) for each in found.groups()]
    return time(hours[0], hours[1]), time(hours[2], hours[3])


def denied_at(rows: Sequence[Row], circle: str, now: datetime) -> tuple[datetime | None, str]:
    """When what is asked now is denied for want of a person, and with what words; None: never.

    Args:
        rows: first come, first to decide.
        circle: of the agent that asks.
        now: aware, in the zone the windows are meant in.

    """
    mine = [(row, *span(row.window)) for row in rows if row.circle in {"*", circle}]
    changes = (_next(at, now) for _, since, until in mine for at in (since, until))
    for at in (now, *sorted(changes)):
        row = next((row for row, since, until in mine if _holds(since, until, at.time())), None)
        if row and row.policy == DENY:
            return at, row.reason
    return None, ""


def _holds(since: time, until: time, at: time) -> bool:
    return since <= at < until if since < until else (at >= since or at < until)


def _next(at: time, now: datetime) -> datetime:
    today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
