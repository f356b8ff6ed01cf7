"""Sizes, ages, spans and counts as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = ((1024 * 1024, "MB"), (1024, "kB"))
_AGES: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def size(number: int) -> str:
    """``512 bytes``, ``34 kB``, ``1.5 MB``."""
    for unit, name in _UNITS:
        if number >= unit:
            return f"{number / unit:.{1 if number < 10 * unit else 0}f} {name}"
    return f"{number} bytes"


def ago(at: datetime, now: datetime) -> str:
    """How long that is, in the largest unit of which there is at least one and a half: ``80 s``, ``12 min``."""
    seconds = max(0, int((now - at) / timedelta(seconds=1)))
    for unit, name in _AGES:
        if seconds >= 1.5 * unit:
            return f"{round(seconds / unit)} {name}"
    return f"{seconds} s"


def lasting(span: timedelta) -> str:
    """To the second: ``40 s``, ``12 min 5 s``."""
    minutes, seconds = divmod(max(0, int(span / timedelta(seconds=1))), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def counted(number: int, what: str) -> str:
    """``1 tool call``, ``3 tool calls``."""
    return f"{number} {what}{'s' * (number != 1)}"
