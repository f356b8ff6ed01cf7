"""Reading words about what lies ahead: schedules, what became of their times, jobs, and reviews."""

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

    def schedules_made(self, owner: str, since: datetime) -> int:
        """How many that peer has made since, whatever became of them."""
        ...

    def jobs(self, owner: str = "", limit: int = 200, *, over: bool = True) -> Sequence[m.Job]:
        """Of whoever wants it, or for them to do, or all: those that go on, then the newest that are ``over``."""
        ...

    def jobs_due(self, now: datetime, limit: int = 100) -> Sequence[m.Job]:
        """Of which time brings something about."""
        ...

    def jobs_ready(self, now: datetime) -> Sequence[m.Job]:
        """Queued jobs that wait neither for time nor for another; of each who is to do them, the first few."""
        ...

    def jobs_running(self) -> Sequence[m.Job]: ...
    def jobs_after(self, job_id: str) -> Sequence[m.Job]:
        """Those that go on and come after that one."""
        ...

    def jobs_outside(self) -> Sequence[m.Job]:
        """Whose claims are to be looked at, or for which somebody is to be started."""
        ...

    def accounts(self) -> Sequence[m.Account]:
        """Those that were ever out of use."""
        ...

    def jobs_going_on(self, owner: str) -> int: ...

    def reviews_open(self) -> Sequence[m.Review]: ...  #: of everybody
    def reviews_over(self, limit: int = 50) -> Sequence[m.Review]: ...  #: the newest first
