"""Reading words about agents that are started from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from daemon.core import model as m


class SpawnView(Protocol):
    """A part of ``View``."""

    def spawns_live(self) -> Sequence[m.Spawn]:
        """Those that are wanted, starting or running, oldest first."""
        ...

    def spawns_since(self, at: datetime) -> Sequence[m.Spawn]:
        """All that were wanted since, whatever became of them, the oldest first."""
        ...

    def spawns_of(self, peer_id: str) -> Sequence[m.Spawn]:
        """Every known start of that peer, the newest first."""
        ...

    def spawn_of_job(self, job_id: str) -> m.Spawn | None:
        """The last start for that job."""
        ...
