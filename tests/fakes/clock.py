"""A clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeClock:
    """A ``Clock``."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self._steady = timedelta()

    def now(self) -> datetime:
        return self.at

    def steady(self) -> timedelta:
        return self._steady

    def passes(self, seconds: float) -> None:
        """Awake or asleep."""
        self.at += timedelta(seconds=seconds)
        self._steady += timedelta(seconds=seconds)

    def is_set(self, seconds: float) -> None:
        """Somebody sets the clock on the wall, forward or back."""
        self.at += timedelta(seconds=seconds)
