"""A ``Spawning`` that starts nobody real: it registers a peer, or fails by script."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core.errors import PeerlineError
from daemon.core.model import Peer, Turn
from daemon.engine.engine import Engine


class FakeSpawning:
    def __init__(self, engine: Engine, *errors: PeerlineError) -> None:
        self._engine = engine
        self._errors = list(errors)
        self.started: dict[str, str] = {}  #: by job id

    async def spawn(self, path: str, backend: str, *, circle: str, job_id: str) -> str:
        if self._errors:
            raise self._errors.pop(0)
        if job_id not in self.started:
            command = c.RegisterSession(
                session_id=f"of-{job_id}", backend=backend, pid=4000 + len(self.started), started=1,
                wish=path.rpartition("/")[2], circle=circle, path=path, turn=Turn.IDLE,
            )  # fmt: skip
            peer: Peer = await self._engine.handle(command)
            self.started[job_id] = peer.peer_id
        return self.started[job_id]
