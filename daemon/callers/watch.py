"""Being told when a process ends, by the operating system: pidfd on Linux, kqueue on macOS. Nothing is polled."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import AsyncIterator, Iterable
from typing import Any

from daemon.callers.processes import Process, alive


class ExitWatch:
    """Watches processes, and tells each once when it has ended."""

    def __init__(self) -> None:
        self._ended: asyncio.Queue[Process] = asyncio.Queue()
        self._handles: dict[Process, int] = {}

    def watch(self, processes: Iterable[Process]) -> None:
        """Begin to watch those that are not watched yet; one that is gone already is told at once."""
        for one in processes:
            if one not in self._handles:
                self._begin(one)

    async def ended(self) -> AsyncIterator[Process]:
        """Yield processes as they end, until cancelled."""
        try:
            while True:
                yield await self._ended.get()
        finally:
            for one in tuple(self._handles):
                self._forget(one)

    def _begin(self, one: Process) -> None:
        try:
            handle = _opened(one.pid)
        except OSError:
            self._ended.put_nowait(one)
            return
        # The handle holds whoever has the pid now: only if that is still the one is the watch right.
        if not alive(one):
            os.close(handle)
            self._ended.put_nowait(one)
            return
        self._handles[one] = handle
        asyncio.get_running_loop().add_reader(handle, self._told, one)

    def _told(self, one: Process) -> None:
        self._forget(one)
        self._ended.put_nowait(one)

    def _forget(self, one: Process) -> None:
        handle = self._handles.pop(one)
        asyncio.get_running_loop().remove_reader(handle)
        os.close(handle)


def _opened(pid: int) -> int:
    """A file descriptor that becomes readable when the process ends."""
    opened = getattr(os, "pidfd_open", None)
    return int(opened(pid)) if opened else _kqueue(select, pid)


def _kqueue(system: Any, pid: int) -> int:
    queue = system.kqueue()
    event = system.kevent(
        pid,
        filter=system.KQ_FILTER_PROC,
        flags=system.KQ_EV_ADD | system.KQ_EV_ONESHOT,
        fflags=system.KQ_NOTE_EXIT,
    )
    queue.control([event], 0)
    return os.dup(int(queue.fileno()))
