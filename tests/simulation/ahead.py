"""The words about what lies ahead and about people's attention, over plain dictionaries: a part of ``Ledger``.

No job is made in the simulated world; its words say so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from daemon.core import model as m


class Ahead:
    """A part of ``Ledger``."""

    _nouns: dict[type, dict[tuple[str, ...], Any]]

    def schedules(self) -> list[m.Schedule]:
        found = [x for x in self._nouns[m.Schedule].values() if x.state is not m.Standing.REMOVED]
        return sorted(found, key=lambda x: (x.next_at is None, x.next_at))

    def schedules_due(self, now: datetime, limit: int = 100) -> list[m.Schedule]:
        found = [x for x in self._nouns[m.Schedule].values() if x.wakes_at and x.wakes_at <= now]
        return sorted(found, key=lambda x: x.wakes_at)[:limit]

    def next_alarm(self) -> datetime | None:
        return min((x.wakes_at for x in self._nouns[m.Schedule].values() if x.wakes_at), default=None)

    def occurrences(self, schedule_id: str, limit: int = 20) -> list[m.Occurrence]:
        found = [x for x in self._nouns[m.Occurrence].values() if x.schedule_id == schedule_id]
        return sorted(found, key=lambda x: x.due_at, reverse=True)[:limit]

    def schedules_made(self, owner: str, since: datetime) -> int:
        found = (x for x in self._nouns[m.Schedule].values() if x.owner == owner)
        return sum(x.created_at >= since for x in found)

    def checkins(self) -> list[m.Checkin]:
        found = [x for x in self._nouns[m.Checkin].values() if x.removed_at is None]
        return sorted(found, key=lambda x: x.name)

    def fired_to_self(self, owner: str, since: datetime) -> int:
        mine = {
            x.schedule_id for x in self._nouns[m.Schedule].values() if (x.owner, x.to) == (owner, ("me",))
        }
        rows = (x for x in self._nouns[m.Occurrence].values() if x.schedule_id in mine)
        return sum(x.outcome is m.Outcome.SENT and x.decided_at >= since for x in rows)

    # --- jobs -----------------------------------------------------------------------------------------------------

    def jobs(self, owner: str = "", limit: int = 200, *, over: bool = True) -> list[m.Job]:
        return []

    def jobs_running(self) -> list[m.Job]:
        return []

    def jobs_after(self, job_id: str) -> list[m.Job]:
        return []

    def accounts(self) -> list[m.Account]:
        return []

    # --- starts: nobody is started here either ----------------------------------------------------------------------

    def spawns_live(self) -> list[m.Spawn]:
        return []

    def spawns_since(self, at: datetime) -> list[m.Spawn]:
        return []

    def spawns_of(self, peer_id: str) -> list[m.Spawn]:
        return []

    def spawn_of_job(self, job_id: str) -> m.Spawn | None:
        return None

    # --- attention ------------------------------------------------------------------------------------------------

    def attentions(self) -> list[m.Attention]:
        return list(self._nouns[m.Attention].values())

    def attentions_due(self, now: datetime) -> list[m.Attention]:
        found = [x for x in self.attentions() if x.wakes_at and x.wakes_at <= now]
        return sorted(found, key=lambda x: x.wakes_at or now)

    def kept(self, person: str) -> list[m.Delivery]:
        return [x for x in self._held() if x.kept == person and x.kept and not x.told_in]

    def told_in(self, envelope_id: str) -> list[m.Delivery]:
        return [x for x in self._held() if x.told_in == envelope_id and x.told_in]

    def escalations_due(self, now: datetime) -> list[m.Escalation]:
        found = [x for x in self._nouns[m.Escalation].values() if x.at and x.at <= now]
        return sorted(found, key=lambda x: x.at)

    def _held(self) -> list[m.Delivery]:
        return [x for x in self._nouns[m.Delivery].values() if x.state == "held"]
