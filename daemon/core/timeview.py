"""Reading words about what lies ahead: schedules, and what became of their times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from daemon.core import model as m


class TimeView(Protocol):
    """A part of ``View``."""

    def schedules(self) -> Sequence[m.Schedule]:
        """All that are not removed, by what comes next."""
        ...

    def schedules_due(self, now: datetime, limit: int = 100) -> Sequence[m.Schedule]: ...
    def next_alarm(self) -> datetime | None:
        """When something is to be decided next."""
        ...

    def occurrences(
        self, schedule_id: str, limit: int = 20
    ) -> Sequence[m.Occurrence]: ...  #: the newest first
    def checkins(self) -> Sequence[m.Checkin]: ...  #: that are not removed, by name
    def fired_to_self(self, owner: str, since: datetime) -> int:
        """How often schedules of that peer have spoken to the peer itself since."""
        ...
