"""Who is there in the tests of the engine, and a store that can be in trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from daemon.core import commands as c
from daemon.core.model import Authority, Peer, Turn
from daemon.engine.engine import Engine
from daemon.store.interface import Store, Tx

T = TypeVar("T")


class FlakyStore:
    """A ``Store`` over a real one: the next writes fail with these errors; ``gate`` closed holds them back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.errors: list[Exception] = []
        self.writes = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def transact(self, step: Callable[[Tx], T]) -> T:
        self.writes += 1
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return await self._store.transact(step)

    async def read(self, step: Callable[[Tx], T]) -> T:
        return await self._store.read(step)

    async def close(self) -> None:
        await self._store.close()


async def agent(engine: Engine, name: str, *, turn: Turn = Turn.IDLE, pid: int = 0) -> Peer:
    """An agent with nothing but its end of turn to be reached by."""
    command = c.RegisterSession(
        session_id=f"s-{name}",
        backend="practice",
        pid=pid or 1000 + sum(name.encode()),
        started=1,
        wish=name,
        circle="default",
        path=f"/{name}",
        turn=turn,
    )
    peer: Peer = await engine.handle(command)
    return peer


async def chat(engine: Engine, address: str, *, host: str = "telegram-bot") -> Peer:
    command = c.OpenConversation(
        surface="telegram",
        address=address,
        host=host,
        wish="telegram",
        authority=Authority.OWNER,
        person="ada",
    )
    peer: Peer = await engine.handle(command)
    return peer


def notice(sender: Peer, to: Peer, text: str = "hello") -> c.SendNotice:
    return c.SendNotice(sender=sender.peer_id, to=(to.peer_id,), text=text)
