"""Starts nobody: what the spawner wants done is a list, and what comes of it is said by the test."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from daemon.core.errors import PeerlineError
from daemon.core.model import Pane, Peer, Spawn
from daemon.starting.interface import Made, Place, Wish


class FakeStarting:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.refuses: PeerlineError | None = None
        self.silent = False  #: its agents tell of themselves with their first prompt
        self.takes_seed = 2  #: at which look
        self.over: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def ready(self) -> bool:
        return True

    def backends(self) -> tuple[str, ...]:
        return ("codex",)

    async def looked(self, wish: Wish) -> Place:
        self.done.append(f"looked {wish.path}")
        return Place(
            path=wish.path,
            folder="1:2",
            backend=wish.backend or "codex",
            profile="",
            branch="",
            live=8,
            per_minute=8,
            depth=2,
        )

    async def make(self, spawn: Spawn, peer: Peer) -> Made:
        if self.refuses:
            raise self.refuses
        self.done.append(f"made {peer.name}")
        return Made(Pane(tmux="/t", server_pid=1, server_started=1, pane_id="%1", pane_pid=2, pane_started=3))

    async def order(self, spawn: Spawn, peer: Peer) -> None:
        self.done.append(f"ordered {peer.name} {spawn.state}")

    async def arrived(self, spawn: Spawn) -> None:
        self.done.append("arrived")

    async def ended(self, spawn: Spawn) -> None:
        await self.over[spawn.spawn_id].wait()

    async def last_words(self, spawn: Spawn) -> str:
        return "its program ended"

    async def discard(self, spawn_id: str, pane: Pane) -> None:
        self.done.append("discarded")

    def wants_seed(self, spawn: Spawn) -> bool:
        return self.silent

    async def seed(self, spawn: Spawn, peer: Peer) -> bool:
        self.takes_seed -= 1
        self.done.append("looked for a prompt")
        return self.takes_seed == 0

    async def screen(self, spawn: Spawn) -> str:
        return "Trust this folder?"

    def attach(self, peer: Peer) -> str:
        return f"tmux attach -t {peer.circle}:{peer.name}"
