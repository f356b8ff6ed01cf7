"""Having agents started. A part of ``PeerClient``, written once like the rest of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from daemon.wire import routes

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What ``spawn`` takes beside the folder; None: as the config, or where the caller is, says."""

    backend: str | None = None
    profile: str | None = None
    name: str | None = None
    circle: str | None = None
    worktree: str | None = None
    message: str | None = None
    role: str | None = None


class StartClient(Protocol):
    async def spawn(self, path: str, start: Start | None = None, *, key: str | None = None) -> Json:
        """Whoever is started there: a peer from now on, whose mail waits until it is there."""
        ...

    async def spawned(self, spawn_id: str) -> Json:
        """How that start is now."""
        ...


class StartVerbs:
    """A part of ``Client``."""

    async def spawn(self, path: str, start: Start | None = None, *, key: str | None = None) -> Json:
        """Whoever is started there: a peer from now on, whose mail waits until it is there."""
        return await self._post(routes.SPAWN, {"path": path, **asdict(start or Start())}, key)

    async def spawned(self, spawn_id: str) -> Json:
        """How that start is now."""
        return await self._get(routes.SPAWNED.format(id=spawn_id))

    async def _post(self, path: str, body: Json, key: str | None) -> Json:
        raise NotImplementedError

    async def _get(self, path: str, **query: Any) -> Json:
        raise NotImplementedError
