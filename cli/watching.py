"""What nobody tells: a process that ends, a turn that was broken off by hand.

The operating system is watched, and the agent's own registry while a turn is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from daemon.callers.processes import Process
from daemon.callers.registry import session_file
from daemon.callers.watch import ExitWatch, RegistryWatch
from daemon.core import commands as c
from daemon.core.model import Session
from daemon.core.rules.presence import PERHAPS_IN_TURN
from daemon.core.view import live_sessions
from daemon.engine.engine import Engine
from daemon.engine.feed import EVERYTHING


class Watching:
    def __init__(self, engine: Engine, check_turn: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        self._engine = engine
        self._check_turn = check_turn
        self._exits = ExitWatch()
        self._registries = RegistryWatch()
        self._open: dict[Path, str] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._follow())
            parts.create_task(self._hear_exits())
            async for path in self._registries.changed():
                if session_id := self._open.get(path):
                    parts.create_task(self._check_turn(session_id))

    async def _hear_exits(self) -> None:
        async for process in self._exits.ended():
            await self._engine.insist(c.EndProcess(pid=process.pid, started=process.started))

    async def _follow(self) -> None:
        """Keep what is watched equal to the sessions there are."""
        with self._engine.feed.watching(EVERYTHING) as changes:
            while True:
                changes.take()
                live = [session for _, session in await self._engine.look(live_sessions)]
                self._exits.watch(Process(each.pid, each.started) for each in live if each.pid)
                self._watch_turns(live)
                while not any(key.startswith("session:") for key in changes.take()):
                    await changes.wait()

    def _watch_turns(self, live: list[Session]) -> None:
        in_turn = {
            path: each.session_id
            for each in live
            if each.turn in PERHAPS_IN_TURN and (path := _told_in(each))
        }
        for path in self._open.keys() - in_turn.keys():
            self._registries.forget(path)
        for path in in_turn.keys() - self._open.keys():
            self._registries.watch(path)
        self._open = in_turn


def _told_in(session: Session) -> Path | None:
    """The file that changes when a turn is broken off: the agent's own registry, else its transcript."""
    if session.config_dir:
        return session_file(Path(session.config_dir), session.pid)
    return Path(session.transcript) if session.transcript else None
