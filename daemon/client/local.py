"""The exchange inside the daemon's process: the same door as over the socket, without the socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from daemon.client.interface import Json
from daemon.core.errors import PeerlineError


class Door(Protocol):
    """What the daemon's api offers to its own parts."""

    async def request(
        self, caller: Any, method: str, path: str, *, query: Mapping[str, str], body: Any, key: str | None
    ) -> Any: ...

    async def stream(
        self, caller: Any, path: str, query: Mapping[str, str]
    ) -> AsyncIterator[tuple[str, int, Any]]: ...


class LocalExchange:
    """An ``Exchange`` for one caller, found by the daemon or hosted in it."""

    def __init__(self, door: Door, caller: Any) -> None:
        self._door = door
        self._caller = caller

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        key: str | None = None,
        wait_s: float = 0,  # noqa: ARG002 -- nothing here has a bound
    ) -> Any:
        told = None if body is None else dict(body)
        return await self._door.request(self._caller, method, path, query=query or {}, body=told, key=key)

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
        async for name, _, told in await self._door.stream(self._caller, path, query):
            yield name, told

    async def close(self) -> None:
        """Nothing is open."""


class ClosedExchange:
    """An ``Exchange`` for who may do nothing: it raises what it was given."""

    def __init__(self, error: PeerlineError) -> None:
        self._error = error

    async def request(
        self,
        method: str,  # noqa: ARG002 -- as the interface says
        path: str,  # noqa: ARG002
        *,
        query: Mapping[str, str] | None = None,  # noqa: ARG002
        body: Json | None = None,  # noqa: ARG002
        key: str | None = None,  # noqa: ARG002
        wait_s: float = 0,  # noqa: ARG002
    ) -> Any:
        raise self._error

    def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:  # noqa: ARG002
        raise self._error

    async def close(self) -> None:
        """Nothing is open."""
