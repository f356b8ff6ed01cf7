"""Being told: when a process ends, and when an agent's registry file changes.

Rule: what the operating system tells is not asked for. Ends come from pidfd (Linux) or kqueue (macOS); only where
that is refused (a sandbox, too many open files) a process is looked at every 2 s. Registry files are looked at, four
times a second, and only while one is watched, that is, while a turn or dialog is open: a stat costs 2 µs, works for
a file that is replaced, missing or on a network home, and needs no foreign functions, which inotify would.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Final, Protocol

from daemon.callers.processes import Process, alive

CHECK_S: Final = 2.0
LOOK_S: Final = 0.25


class Handle(Protocol):
    """Becomes readable when the process ends."""

    def fileno(self) -> int: ...
    def close(self) -> None: ...


class PidFd:
    def __init__(self, pid: int) -> None:
        self._number = os.pidfd_open(pid)

    def fileno(self) -> int:
        return self._number

    def close(self) -> None:
        os.close(self._number)


def opened(pid: int) -> Handle:
    """A handle on whoever has the pid now.

    Raises:
        ProcessLookupError: nobody has.
        OSError: the system will not give one.

    """
    return PidFd(pid) if hasattr(os, "pidfd_open") else _kqueue(select, pid)


class ExitWatch:
    """Watches processes, and tells each once when it has ended. For one reader."""

    def __init__(self, opened: Callable[[int], Handle] = opened, check_s: float = CHECK_S) -> None:
        self._opened = opened
        self._ended: asyncio.Queue[Process] = asyncio.Queue()
        self._handles: dict[Process, Handle] = {}
        self._unhandled: set[Process] = set()
        self._rounds = Rounds(check_s, self._check)

    def watch(self, processes: Iterable[Process]) -> None:
        """Begin to watch those that are not watched yet; one that is gone already is told at once."""
        for one in processes:
            if one not in self._handles and one not in self._unhandled:
                self._begin(one)

    def forget(self, one: Process) -> None:
        """Watch it no longer."""
        self._unhandled.discard(one)
        if handle := self._handles.pop(one, None):
            asyncio.get_running_loop().remove_reader(handle.fileno())
            handle.close()

    async def ended(self) -> AsyncIterator[Process]:
        """Yield processes as they end, until cancelled; then nothing is watched any more."""
        try:
            while True:
                yield await self._ended.get()
        finally:
            self.close()

    def close(self) -> None:
        for one in (*self._handles, *self._unhandled):
            self.forget(one)
        self._rounds.stop()

    def _begin(self, one: Process) -> None:
        try:
            self._handles[one] = handle = self._opened(one.pid)
        except ProcessLookupError:
            self._ended.put_nowait(one)
            return
        except OSError:
            self._unhandled.add(one)
            self._rounds.begin()
        else:
            asyncio.get_running_loop().add_reader(handle.fileno(), self._tell, one)
        # The handle holds whoever has the pid now: only if that is still the one, the watch is right.
        if not alive(one):
            self._tell(one)

    def _tell(self, one: Process) -> None:
        self.forget(one)
        self._ended.put_nowait(one)

    def _check(self) -> bool:
        for one in [each for each in self._unhandled if not alive(each)]:
            self._tell(one)
        return bool(self._unhandled)


class RegistryWatch:
    """Tells when one of the watched files has changed, appeared or gone; perhaps twice, never not at all.

    Watch first and read then, so nothing falls between. For one reader.
    """

    def __init__(self, look_s: float = LOOK_S) -> None:
        self._changed: asyncio.Queue[Path] = asyncio.Queue()
        self._waiting: set[Path] = set()
        self._seen: dict[Path, tuple[int, ...]] = {}
        self._fresh: set[Path] = set()
        self._rounds = Rounds(look_s, self._look)

    def watch(self, path: Path) -> None:
        if path not in self._seen:
            self._seen[path] = _stamp(path)
            self._fresh.add(path)
            self._rounds.begin()

    def forget(self, path: Path) -> None:
        self._seen.pop(path, None)
        self._fresh.discard(path)

    async def changed(self) -> AsyncIterator[Path]:
        """Yield files as they change, until cancelled; then nothing is watched any more."""
        try:
            while True:
                path = await self._changed.get()
                self._waiting.discard(path)
                if path in self._seen:
                    yield path
        finally:
            self.close()

    def close(self) -> None:
        self._seen.clear()
        self._fresh.clear()
        self._rounds.stop()

    def _look(self) -> bool:
        for path, before in tuple(self._seen.items()):
            self._seen[path] = now = _stamp(path)
            if now != before:
                self._fresh.add(path)
                self._tell(path)
            elif path in self._fresh:
                # "idle" and "busy" are of one length, and times of files are coarse: what was written in the
                # same moment in which we looked shows no difference, so one more look is asked for.
                self._fresh.discard(path)
                self._tell(path)
        return bool(self._seen)

    def _tell(self, path: Path) -> None:
        if path not in self._waiting:
            self._waiting.add(path)
            self._changed.put_nowait(path)


class Rounds:
    """Does something again and again, as long as that says there is something left to do."""

    def __init__(self, every_s: float, turn: Callable[[], bool]) -> None:
        self._every_s = every_s
        self._turn = turn
        self._next: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(self._every_s, self._do)

    def stop(self) -> None:
        if self._next:
            self._next.cancel()
        self._next = None

    def _do(self) -> None:
        self._next = None
        if self._turn():
            self.begin()


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except (OSError, ValueError):  # no file can be called that
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _kqueue(system: Any, pid: int) -> Handle:
    queue: Handle = system.kqueue()
    event = system.kevent(
        pid,
        filter=system.KQ_FILTER_PROC,
        flags=system.KQ_EV_ADD | system.KQ_EV_ONESHOT,
        fflags=system.KQ_NOTE_EXIT,
    )
    try:
        queue.control([event], 0)  # type: ignore[attr-defined]
    except OSError:
        queue.close()
        raise
    return queue
