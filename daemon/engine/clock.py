"""The only place that reads a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

#: Linux has a clock of its own that counts sleep; macOS counts it in the one that Linux stops.
STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC, as it is on the wall: somebody may set it."""
        ...

    def steady(self) -> timedelta:
        """Time since some moment. Nobody sets it, and it goes on while the machine sleeps."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> timedelta:
        return timedelta(seconds=time.clock_gettime(STEADY))
